"""What happens after codes have left: a shop tells who got those of its file, and staff note what customers said. And what is
to come: a scheduled distribution, which keeps its codes."""

from __future__ import annotations

from datetime import timedelta

from django.core.files.base import ContentFile
from django.utils import timezone

from campaigns.models import Campaign
from config.actor import Actor
from config.imports.draft_import import draft_import, start_import
from customers.models import Customer
from customers.segments.models import Segment
from publications.actions.run_publication_import import import_publications
from publications.actions.settle_hand_out import SETTLEMENT_FIELDS
from publications.distributions.actions.change_draft import change_draft
from publications.distributions.actions.create_draft import create_draft
from publications.distributions.actions.keep_reservations import keep_reservations
from publications.distributions.actions.schedule import schedule
from publications.exports.actions.hand_out import order_hand_out
from publications.exports.actions.write_export import make_export_file
from publications.models import PublicationImport, PublishedVoucher
from publications.notes.actions.add_note import add_note
from publications.recalls.actions.carry_out import carry_out
from publications.recalls.actions.draft_recall import draft_recall
from publications.recalls.actions.start_recall import start_recall
from publications.recalls.models import Act, Recall

HANDED_OUT = 60


def load_demo_aftermath(*, by: Actor) -> None:
    _settle(Campaign.objects.get(name="Student Plus"), by=by)
    _recall(Campaign.objects.get(name="Student Plus"), by=by)
    _note(by=by)
    _schedule(Campaign.objects.get(name="Black Friday Warm-up"), by=by)


def _schedule(campaign: Campaign, *, by: Actor) -> None:
    draft = create_draft("Black Friday Warm-up, German readers", campaign=campaign, by=by)
    change_draft(
        draft, by=by, segment_id=Segment.objects.get(name="German readers").pk,
        subject="Black Friday begins early for you",
        body="Hello {{ customer.first_name }},\n\nyou get {{ value }} before everybody else: {{ code }}\n\n{{ project.name }}\n",
    )  # fmt: skip
    schedule(draft, at=timezone.now() + timedelta(days=4), by=by)
    keep_reservations()


def _settle(campaign: Campaign, *, by: Actor) -> None:
    """A hand-out of which most is known: who got the codes, which came back, and a few that nobody has told of."""
    ordered = order_hand_out(campaign, count=HANDED_OUT, for_whom="University bookshop", by=by)
    make_export_file(ordered.pk)
    ordered.refresh_from_db()
    codes = campaign.vouchers.filter(ledger__publication=ordered.publication_id).order_by("pk")
    rows = ["Code,Customer source ID,Not used"]
    for n, code in enumerate(codes.values_list("code", flat=True)):
        if n < 44:
            rows.append(f"{code},shop-{10001 + n},")
        elif n < 52:
            rows.append(f"{code},,not used")
    draft = draft_import(
        PublicationImport,
        ContentFile("\n".join(rows).encode(), name="bookshop-november.csv"),
        by=by,
        fields=SETTLEMENT_FIELDS,
        hand_out=ordered.publication,
    )
    start_import(draft, by=by, defer=lambda import_id: None)
    import_publications(draft.pk)


def _recall(campaign: Campaign, *, by: Actor) -> None:
    """A few of those codes are replaced: whom the bookshop gave them is known, and for one it is not."""
    handed_out = campaign.vouchers.filter(ledger__publication__customer=None, ledger__released_at=None)
    settled = handed_out.filter(ledger__settled_to__isnull=False).order_by("pk")[:5]
    still_open = handed_out.filter(ledger__settled_to=None).order_by("pk")[:1]
    draft = draft_recall([code.pk for code in (*settled, *still_open)], source=Recall.Source.CHOSEN, by=by)
    start_recall(draft, act=Act.REPLACE, reason="The bookshop’s scanner could not read these labels", by=by)
    carry_out(draft.pk)


def _note(*, by: Actor) -> None:
    roast = PublishedVoucher.objects.filter(publication__campaign__name="Autumn Roast Launch", released_at=None)
    first, second = roast.select_related("publication__customer", "voucher").order_by("-pk")[:2]
    add_note(first.voucher, "Typed in wrong three times at the till in Berlin. The code itself is fine.", by=by)
    add_note(
        Customer.objects.get(publications=first.publication_id),
        "Prefers to be called, not mailed.\nAsked for two bags instead of one; told them the code is good for one.",
        by=by,
    )
    add_note(second.publication, "Went to the old e-mail address. Customer has it by phone.", by=by)
