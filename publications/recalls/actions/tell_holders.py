"""Drafts the message that tells the holders of a recall's codes about it: a distribution, which staff look at, change and start.

Who has a code that works, now or again, is sent that code, by a reminder, to whoever holds it at the moment of sending. Who has
none any more is told by a plain message.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection, transaction
from django.db.models.functions import Now

from campaigns.models import Campaign
from config.actor import Actor
from publications.distributions.actions.change_draft import change_draft
from publications.distributions.actions.create_draft import create_draft
from publications.distributions.models import Distribution
from publications.queries.holder import HOLDER_SQL
from publications.recalls.models import Act, Recall

MOST_CAMPAIGNS = 10  # each has a message of its own


class CannotTell(Exception):
    """There is nobody to tell, or somebody has drafted the message already. The text says which."""


class Words(NamedTuple):
    subject: str
    body: str


GREETING, END = "Hello {{ customer.first_name }},\n\n", "\n\n{{ project.name }}\n"
CODE = "It gives you {{ value }}. Its last day is {{ expires }}."
WORDS = {
    Act.REPLACE: Words(
        "Your new code from {{ project.name }}",
        f"{GREETING}we have replaced your code. The old one no longer works; please use this one: {{{{ code }}}}\n\n{CODE}{END}",
    ),
    Act.EXTEND: Words(
        "Your code from {{ project.name }} is valid for longer",
        f"{GREETING}you have more time to use your code: {{{{ code }}}}\n\n{CODE}{END}",
    ),
    Act.REVALUE: Words(
        "Your code from {{ project.name }} has a new value",
        f"{GREETING}the value of your code has changed: {{{{ code }}}}\n\n{CODE}{END}",
    ),
    Act.ENABLE: Words(
        "Your code from {{ project.name }} works again",
        f"{GREETING}your code works again: {{{{ code }}}}\n\n{CODE}{END}",
    ),
    Act.DISABLE: Words(
        "Your code from {{ project.name }} no longer works",
        f"{GREETING}we had to disable a code that you got from us. We are sorry for the inconvenience.{END}",
    ),
    Act.RETIRE: Words(
        "Your code from {{ project.name }} was withdrawn",
        f"{GREETING}we had to withdraw a code that you got from us. We are sorry for the inconvenience.{END}",
    ),
}
SENDS_THE_CODE = (Act.REPLACE, Act.EXTEND, Act.REVALUE, Act.ENABLE)

# The codes that are sent: of a replaced one the new.
CODES = """
SELECT v.id, v.campaign_id FROM recalls_recalledcode r
  LEFT JOIN publications_publishedvoucher n ON n.publication_id = r.publication_id
  JOIN codes_voucher v ON v.id = coalesce(n.voucher_id, r.voucher_id)
 WHERE r.recall_id = %(recall)s AND r.outcome = 'done' AND v.campaign_id IS NOT NULL AND v.published_at IS NOT NULL
"""
CAMPAIGNS = f"SELECT DISTINCT campaign_id FROM ({CODES}) AS codes ORDER BY 1 LIMIT %(most)s"  # noqa: S608
LIST_CODES = f"""
INSERT INTO distributions_listedcode (distribution_id, voucher_id)
SELECT DISTINCT %(draft)s::bigint, id FROM ({CODES}) AS codes WHERE campaign_id = %(campaign)s
"""  # noqa: S608 - our own constants
# Who holds the codes that were disabled, or held those that the recall released.
LIST_HOLDERS = f"""
INSERT INTO distributions_listedrecipient (distribution_id, line, given, customer_id)
SELECT %(draft)s, row_number() OVER (ORDER BY id), left(coalesce(source_id, email), 320), id
  FROM (SELECT DISTINCT h.id, h.source_id, h.email FROM recalls_recalledcode r
          JOIN recalls_recall k ON k.id = r.recall_id
          JOIN publications_publishedvoucher l ON l.voucher_id = r.voucher_id
           AND (l.released_at IS NULL OR l.released_at >= k.started_at AND l.released_by = k.actor_label AND l.reason = k.reason)
          JOIN publications_publication p ON p.id = l.publication_id
          JOIN customers_customer h ON h.id = {HOLDER_SQL} AND h.erased_at IS NULL
         WHERE r.recall_id = %(recall)s AND r.outcome = 'done') AS holders
"""  # noqa: S608 - our own constants


def tell_holders(recall: Recall, *, by: Actor) -> list[Distribution]:
    """The drafts: one, or of codes that are sent, one for each campaign. Nothing is sent by this. Raises CannotTell."""
    with transaction.atomic():
        ended = Recall.objects.filter(pk=recall.pk, told_at=None, status=Recall.Status.DONE, changed__gt=0)
        if not ended.update(told_at=Now()):
            raise CannotTell("The message has been drafted already, or the recall has not ended.")
        drafts = _with_codes(recall, by) if recall.act in SENDS_THE_CODE else _plain(recall, by)
        if not drafts:
            raise CannotTell("No customer is known to hold one of these codes, so there is nobody to tell.")
        recall.messages.set(drafts)
    return drafts


def _with_codes(recall: Recall, by: Actor) -> list[Distribution]:
    with connection.cursor() as cursor:
        cursor.execute(CAMPAIGNS, {"recall": recall.pk, "most": MOST_CAMPAIGNS + 1})
        keys = [key for (key,) in cursor.fetchall()]
    if len(keys) > MOST_CAMPAIGNS:
        raise CannotTell(
            f"The codes are of more than {MOST_CAMPAIGNS} campaigns. Remind the holders of each by itself."
        )
    campaigns = Campaign.objects.in_bulk(keys)
    drafts = []
    for key in keys:
        draft = create_draft(_name(recall, campaigns[key] if len(keys) > 1 else None), campaign=campaigns[key], by=by)
        with connection.cursor() as cursor:
            cursor.execute(LIST_CODES, {"recall": recall.pk, "draft": draft.pk, "campaign": key})
        _write(draft, recall, by, audience=Distribution.Audience.HOLDERS, remind=True, chosen_codes=True)
        drafts.append(draft)
    return drafts


def _plain(recall: Recall, by: Actor) -> list[Distribution]:
    draft = create_draft(_name(recall), by=by)
    with connection.cursor() as cursor:
        cursor.execute(LIST_HOLDERS, {"recall": recall.pk, "draft": draft.pk})
        if not cursor.rowcount:
            return []
    _write(draft, recall, by, audience=Distribution.Audience.LIST)
    return [draft]


def _name(recall: Recall, campaign: Campaign | None = None) -> str:
    of = f" of {campaign.name}" if campaign else ""
    return f"Tell the holders: {recall}{of}"[:200]


def _write(draft: Distribution, recall: Recall, by: Actor, **fields: object) -> None:
    words = WORDS[Act(recall.act)]
    change_draft(
        draft, by=by, message=Distribution.Message.EMAIL, subject=words.subject, body=words.body, **fields
    )  # fmt: skip
