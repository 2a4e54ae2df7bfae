"""The page of one code."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from campaigns.actions.keep_offer import OFFER
from campaigns.codes.models import Voucher
from campaigns.codes.state import balance, gift_amount
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.models import AuditEntry
from config.staff.roles import READ, requires, reveals_codes
from publications.code_visibility import is_masked, shown
from publications.distributions.models import Delivery
from publications.distributions.reminders import reminders_of
from publications.models import Publication, PublishedVoucher
from publications.notes.queries import notes_on
from publications.queries.foresee_refusal import foresee_refusal_of_code
from publications.recalls.models import Outcome, RecalledCode
from publications.redemptions.models import Redemption
from publications.redemptions.pages.words import in_words
from publications.redemptions.verdict import verdict

SHOWN = 50  # events of one code: it is published a few times at most, each time after a release, but used any number of times


@require_safe
@requires(READ)
def code(request: HtmxHttpRequest, voucher_id: int) -> HttpResponse:
    voucher = get_object_or_404(Voucher.objects.select_related("campaign"), pk=voucher_id)
    reveals = reveals_codes(request.user)
    found = verdict(voucher)
    ledger = list(
        voucher.ledger.select_related("publication__customer", "publication__export", "settled_to").order_by(
            "-publication"
        )[:SHOWN]
    )
    failed = Publication.objects.filter(attempted_code=voucher.code).select_related("customer")
    redemptions = voucher.redemptions.select_related("customer", "stack").order_by("-created_at", "-pk")
    changes = AuditEntry.objects.filter(object_id=voucher.public_id).exclude(
        action__in=["code.released", "code.retired", "note.added", "note.deleted"]
    )
    offers = AuditEntry.objects.filter(
        object_id=voucher.campaign.public_id if voucher.campaign else "",
        action="campaign.changed",
        created_at__gte=voucher.created_at,
        details__changes__has_any_keys=sorted(OFFER),
    )
    events = _timeline(
        ledger,
        failed.order_by("-created_at")[:SHOWN],
        redemptions[: SHOWN + 1],
        changes.order_by("-created_at")[:SHOWN],
        offers.order_by("-created_at")[:SHOWN] if voucher.campaign else [],
        reminders_of(ledger).order_by("-pk")[:SHOWN],
        voucher.recalls.filter(outcome=Outcome.DONE).select_related("recall").order_by("-pk")[:SHOWN],
    )
    context = {
        "title": shown(voucher, reveals=reveals),
        "masked": is_masked(voucher, reveals=reveals),
        "voucher": voucher,
        "withdrawn": voucher.withdrawn_why if not voucher.published_at else None,
        "verdict": found,
        "words": in_words(found),
        "obstacles": [] if voucher.published_at or voucher.deleted_at else foresee_refusal_of_code(voucher),
        **_terms(voucher),
        "gift_amount": gift_amount(voucher),
        "balance": balance(voucher),
        "live": next((row for row in ledger if row.released_at is None), None),
        "notes": notes_on(voucher),
        "events": events[:SHOWN],
        "more": len(events) > SHOWN,
    }
    return render(request, "dashboard/code.html", context)


def _terms(voucher: Voucher) -> dict:
    """What holds for the code: its own, or where that is null, the campaign's."""
    campaign = voucher.campaign
    fields = {"starts": "start_date", "ends": "expiration_date", "limit": "redemption_limit", "category": "category"}
    own = {name: getattr(voucher, field) for name, field in fields.items()}
    return {
        name: getattr(campaign, fields[name]) if value is None and campaign else value for name, value in own.items()
    }


def _timeline(
    ledger: Iterable[PublishedVoucher],
    failed: Iterable[Publication],
    redemptions: Iterable[Redemption],
    changes: Iterable[AuditEntry],
    offers: Iterable[AuditEntry],
    reminders: Iterable[Delivery],
    recalls: Iterable[RecalledCode],
) -> list[dict]:
    """What happened to the code, newest first."""
    events = []
    for row in ledger:
        if row.released_at:
            events.append({"what": "released", "at": row.released_at, "row": row})
        if row.settled_at:
            events.append({"what": "settled", "at": row.settled_at, "row": row})
        events.append({"what": "published", "at": row.publication.created_at, "publication": row.publication})
    events += ({"what": "failed", "at": publication.created_at, "publication": publication} for publication in failed)
    events += ({"what": "used", "at": redemption.created_at, "redemption": redemption} for redemption in redemptions)
    events += ({"what": "changed", "at": entry.created_at, "entry": entry} for entry in changes)
    events += ({"what": "offer", "at": entry.created_at, "entry": entry} for entry in offers)
    events += ({"what": "reminded", "at": reminder.state_at, "reminder": reminder} for reminder in reminders)
    events += ({"what": "recalled", "at": recalled.at, "recalled": recalled} for recalled in recalls)
    return sorted(events, key=lambda event: event["at"], reverse=True)
