"""What webhooks say about publications, redemptions and campaigns, in the shapes of Voucherify's events.

Nulls are left out where Voucherify's schema does not allow them, since typed receivers reject them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.conf import settings

from campaigns.answers import campaign_answer
from campaigns.codes.answers import voucher_answer
from campaigns.codes.mask import mask
from campaigns.codes.models import CodeOrder, Voucher
from campaigns.models import Campaign
from config.acted_by import ActedBy
from config.alerts.models import Alert
from config.api.door import hundredths, iso
from customers.answers import short_customer_answer
from customers.models import Customer
from publications.answers.answers import published_answer
from publications.models import Publication, PublishedVoucher
from publications.redemptions.models import Redemption

CUSTOMER = ("id", "name", "email", "source_id", "metadata", "object")
PUBLICATION = (
    "id", "object", "created_at", "customer_id", "tracking_id", "metadata", "channel", "source_id", "result", "vouchers_id",
)  # fmt: skip
VOUCHER = (
    "id", "code", "type", "discount", "gift", "campaign", "campaign_id", "holder_id", "category_id", "active",
    "is_referral_code", "start_date", "expiration_date", "metadata", "created_at", "updated_at", "object",
)  # fmt: skip
CAMPAIGN = (
    "id", "name", "campaign_type", "type", "auto_join", "join_once", "active", "category_id", "category", "metadata",
    "start_date", "expiration_date", "description", "created_at", "updated_at", "object",
)  # fmt: skip


def publication_event(publication: Publication) -> dict[str, Any]:
    """`.vouchers` is attached: of a hand-out its first codes, how many there are is told beside them."""
    customer, holder_id = publication.customer, None
    told = _picked(published_answer(publication), PUBLICATION, may_be_null={"source_id"})
    if customer:
        holder_id = customer.public_id
        nothing_summed_up = {"summary": None, "loyalty": None, "referrals": None}  # required by the schema, as nulls
        told["customer"] = _customer(customer) | nothing_summed_up
    else:  # a hand-out has none; the schema wants the keys
        told |= {"customer": None, "customer_id": None}
    vouchers = [_voucher(voucher, holder_id) for voucher in publication.vouchers]
    data = {
        "user": _user(publication),
        "campaign": _campaign(publication.campaign) if publication.campaign else None,
        "customer": _customer(customer) if customer else None,
        "publication": told,
        "vouchers": vouchers,
        "vouchers_count": publication.voucher_count,
    }
    if publication.result == Publication.Result.FAILURE:
        told |= {"failure_code": publication.failure_code, "failure_message": publication.failure_message}
    return data | {"voucher": vouchers[0]} if len(vouchers) == 1 else data


def release_event(row: PublishedVoucher) -> dict[str, Any]:
    """Of a code that was taken back from its holder, or from a hand-out: of a settled one the customer is told, too."""
    publication, voucher, holder = row.publication, row.voucher, row.holder
    return {
        "campaign": _campaign(voucher.campaign) if voucher.campaign else None,
        "customer": _customer(holder) if holder else None,
        "voucher": _voucher_as_shown(voucher),
        "publication": {"id": publication.public_id, "object": "publication", "source_id": publication.source_id},
        "reason": row.reason,
        "released_at": iso(row.released_at) if row.released_at else None,
    }


def voucher_event(voucher: Voucher) -> dict[str, Any]:
    return {
        "campaign": _campaign(voucher.campaign) if voucher.campaign else None,
        "voucher": _voucher_as_shown(voucher),
    }


def customer_event(customer: Customer) -> dict[str, Any]:
    """The customer as they are now, without empty fields."""
    more = {
        "phone": customer.phone,
        "description": customer.description,
        "birthdate": customer.birthdate and customer.birthdate.isoformat(),
        "address": customer.address,
    }
    return {"customer": _customer(customer) | {name: value for name, value in more.items() if value}}


def erasure_event(customer: Customer) -> dict[str, Any]:
    """Only the id is left to tell."""
    return {"customer": {"id": customer.public_id, "object": "customer"}}


def alert_event(alert: Alert) -> dict[str, Any]:
    """Handout's own event; Voucherify has none. `subject` is a public id if the alert is about one thing."""
    told = {"alert": alert.kind, "subject": alert.subject, "title": alert.title, "text": alert.text}
    return {**told, "url": settings.SITE_URL.rstrip("/") + alert.url, "opened_at": iso(alert.opened_at)}


def redemption_event(redemption: Redemption) -> dict[str, Any]:
    """Of one code; several that were used together are one event each."""
    customer, voucher = redemption.customer, redemption.voucher
    together = redemption.stack or redemption  # order and metadata stand on the stack's own row
    told = {
        "id": redemption.public_id,
        "object": "redemption",
        "date": iso(redemption.created_at),
        "customer_id": customer.public_id if customer else None,
        "tracking_id": customer.source_id if customer else None,
        "metadata": together.metadata or {},
        "result": redemption.result,
        "redemption": redemption.stack.public_id if redemption.stack else None,
        "order": together.order and together.order | redemption.order_totals,
        "amount": hundredths(redemption.amount),
        "failure_code": redemption.failure_code,
        "failure_message": redemption.failure_message,
    }
    if redemption.kind == Redemption.Kind.ROLLBACK:
        undone = redemption.undoes.public_id if redemption.undoes else None
        told |= {"object": "redemption_rollback", "redemption": undone, "reason": redemption.reason}
    shown = _voucher_as_shown if redemption.result == Redemption.Result.FAILURE else _voucher
    return {
        "user": _user(redemption),
        "campaign": _campaign(redemption.campaign) if redemption.campaign else None,
        "customer": _customer(customer) if customer else None,
        "voucher": shown(voucher) if voucher else None,
        "redemption": {name: value for name, value in told.items() if value is not None},
    }


def generation_event(order: CodeOrder) -> dict[str, Any]:
    return {"campaign": _campaign(order.campaign), "count": order.done, "completed_at": iso(order.finished_at)}


def _user(done: ActedBy) -> dict[str, Any] | None:
    """The member of staff who did it; null if it came through the API."""
    return {"id": f"user_{done.actor_id}"} if done.actor_kind == "user" else None


def _customer(customer: Customer) -> dict[str, Any]:
    return _picked({"metadata": {}} | short_customer_answer(customer), CUSTOMER)


def _voucher_as_shown(voucher: Voucher) -> dict[str, Any]:
    """As on every page: the code in clear only while somebody has it."""
    return _voucher(voucher, code=voucher.code if voucher.published_at else mask(voucher.code))


def _voucher(voucher: Voucher, holder_id: str | None = None, *, code: str | None = None) -> dict[str, Any]:
    """The code in clear, unless told: it has just been given out, or used."""
    answer = voucher_answer(voucher, code=code or voucher.code, reference="", publish={}, holder_id=holder_id)
    used = {name: answer["redemption"][name] for name in ("quantity", "redeemed_quantity")}
    return _picked(answer, VOUCHER, may_be_null={"category_id"}) | {"redemption": used}


def _campaign(campaign: Campaign) -> dict[str, Any]:
    answer = campaign_answer(campaign, vouchers_count=0, generation="DONE")
    voucher = answer["voucher"]
    worth = {
        "type": voucher["type"],
        "discount": voucher.get("discount"),
        "gift": voucher.get("gift"),
        "redemption": voucher["redemption"] | {"redeemed_quantity": 0},
        "code_config": {"prefix": "", "postfix": "", **voucher["code_config"]},
    }
    return _picked(answer, CAMPAIGN, may_be_null={"category_id"}) | {
        "voucher": {name: value for name, value in worth.items() if value is not None},
        "is_referral_code": campaign.kind == Campaign.Kind.REFERRAL_PROGRAM,
    }


def _picked(answer: dict[str, Any], names: tuple[str, ...], *, may_be_null: Collection[str] = ()) -> dict[str, Any]:
    return {name: answer[name] for name in names if answer[name] is not None or name in may_be_null}
