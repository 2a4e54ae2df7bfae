"""Makes a draft like another distribution, to be changed and sent once more."""

from __future__ import annotations

from django.db import connection, transaction

from config.actor import Actor
from publications.distributions.actions.change_status import record_of
from publications.distributions.models import Distribution

COPIED = (
    *(
        "kind",
        "audience",
        "customer_id",
        "segment_id",
        "create_unknown",
        "campaign_id",
        "remind",
        "chosen_codes",
        "codes_each",
        "skip_holders",
        "channel",
    ),
    *("message", "subject", "body", "webhook_id"),
)


def duplicate(distribution: Distribution, *, by: Actor) -> Distribution:
    """The draft, with the same audience, codes and message, and the lines of its list; without a date."""
    with transaction.atomic():
        copy = Distribution.objects.create(
            name=f"{distribution.name[:190]} (copy)",
            actor_kind=by.kind,
            actor_id=by.id,
            actor_label=by.label,
            **{name: getattr(distribution, name) for name in COPIED},
        )
        with connection.cursor() as cursor:
            cursor.execute(
                """INSERT INTO distributions_listedrecipient (distribution_id, line, given, customer_id)
                   SELECT %s, line, given, customer_id FROM distributions_listedrecipient WHERE distribution_id = %s""",
                [copy.pk, distribution.pk],
            )
            cursor.execute(
                """INSERT INTO distributions_listedcode (distribution_id, voucher_id)
                   SELECT %s, voucher_id FROM distributions_listedcode WHERE distribution_id = %s""",
                [copy.pk, distribution.pk],
            )
        record_of(copy, "duplicated", by=by, of=distribution.public_id)
    copy.refresh_from_db()
    return copy
