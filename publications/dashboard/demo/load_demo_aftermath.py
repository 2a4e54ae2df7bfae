"""What happens after codes have left: staff note what customers told them."""

from __future__ import annotations

from config.actor import Actor
from customers.models import Customer
from publications.models import PublishedVoucher
from publications.notes.actions.add_note import add_note


def load_demo_aftermath(*, by: Actor) -> None:
    roast = PublishedVoucher.objects.filter(publication__campaign__name="Autumn Roast Launch", released_at=None)
    first, second = roast.select_related("publication__customer", "voucher").order_by("-pk")[:2]
    add_note(first.voucher, "Typed in wrong three times at the till in Berlin. The code itself is fine.", by=by)
    add_note(
        Customer.objects.get(publications=first.publication_id),
        "Prefers to be called, not mailed.\nAsked for two bags instead of one; told them the code is good for one.",
        by=by,
    )
    add_note(second.publication, "Went to the old e-mail address. Customer has it by phone.", by=by)
