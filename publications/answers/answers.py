"""Publications, and vouchers with who holds them, as the API answers with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from pydantic import Field

from campaigns.codes.answers import Holding, Published, ShortVoucher, Voucher, short_voucher_answer, voucher_answer
from campaigns.codes.models import Voucher as Code
from config.api.auth import Key
from config.api.door import iso
from config.api.schemas import SHOWN, Answer, CustomerId, Metadata, Moment, PublicationId, VoucherId
from customers.answers import ShortCustomer, short_customer_answer
from customers.models import Customer
from publications import models
from publications.answers.masked_codes import shown_code


class AboutPublication(Answer):
    """What every publication tells."""

    id: PublicationId
    object: Literal["publication"]
    created_at: Moment
    customer_id: CustomerId | None
    tracking_id: str | None = Field(examples=["12344"])
    """The customer's source_id."""
    metadata: Metadata
    channel: str = Field(examples=["newsletter_October"])
    source_id: str | None = Field(examples=["order-1001"])
    """The caller's own id for the publication: repeating a call with it returns the same code."""
    result: Literal["SUCCESS", "FAILURE"]
    voided_at: Moment | None
    """When the last of its codes was released."""
    customer: ShortCustomer | None
    vouchers_id: list[VoucherId]


class PublicationMade(AboutPublication):
    """A publication as the call that made it is answered: with `voucher`, or with the codes of several."""

    voucher: Voucher = SHOWN
    vouchers: list[str] = Field(default=None, examples=[["AUTUMN-7GK2", "AUTUMN-M4XP"]])
    vouchers_count: int = Field(default=None, examples=[2])


class Publication(AboutPublication):
    """A publication in the history: with `voucher`, or with the codes of several, or with why it failed."""

    failure_code: str = Field(default=None, examples=["no_voucher_suitable_for_publication"])
    failure_message: str = Field(default=None, examples=["Couldn't find any voucher suitable for publication"])
    voucher: Voucher | ShortVoucher = SHOWN
    vouchers: list[str] = Field(default=None, examples=[["AUTUMN-7GK2", "AUTUMN-M4XP"]])
    """If several; the first 100 of a hand-out."""
    vouchers_count: int = Field(default=None, examples=[2])


class Held(NamedTuple):
    """Where a voucher is, and with whom: a hand-out names nobody until the code is settled."""

    publication: models.Publication
    holder: Customer | None


def published_answer(publication: models.Publication) -> dict[str, Any]:
    """What a call that publishes gets: one voucher in full, several as codes."""
    if publication.voucher_count == 1:
        voucher = publication.vouchers[0]
        return _publication(
            publication, voucher=_voucher(voucher, voucher.code, Held(publication, publication.customer))
        )
    codes = [voucher.code for voucher in publication.vouchers]
    return _publication(publication, vouchers=codes, vouchers_count=publication.voucher_count)


def publication_answer(publication: models.Publication, key: Key) -> dict[str, Any]:
    """One publication out of the history, `.vouchers` attached: as when it was made, with its voucher as it is now."""
    answer = listed_answer(publication, key)
    if "voucher" in answer:
        answer["voucher"] = voucher_answers(publication.vouchers, key)[0]
    return answer


def listed_answer(publication: models.Publication, key: Key) -> dict[str, Any]:
    """A publication in a list, `.vouchers` attached: one voucher in short, several as codes (at most 100).

    A code that was released since is unpublished again, and masked as such.
    """
    codes = [shown_code(voucher, key) for voucher in publication.vouchers]
    if publication.result == models.Publication.Result.FAILURE:
        why = {"failure_code": publication.failure_code, "failure_message": publication.failure_message}
        return _publication(publication, **why, vouchers=[])
    if publication.voucher_count == 1 and publication.vouchers:
        return _publication(publication, voucher=short_voucher_answer(publication.vouchers[0], code=codes[0]))
    return _publication(publication, vouchers=codes, vouchers_count=publication.voucher_count)


def voucher_answers(vouchers: Sequence[Code], key: Key) -> list[dict[str, Any]]:
    """Vouchers with who holds them, in one query for all."""
    live = models.PublishedVoucher.objects.filter(voucher__in=[voucher.pk for voucher in vouchers], released_at=None)
    holding = {
        row.voucher_id: Held(row.publication, row.holder)
        for row in live.select_related("publication__customer", "settled_to")
    }
    return [_voucher(voucher, shown_code(voucher, key), holding.get(voucher.pk)) for voucher in vouchers]


def _address_of(voucher: Code, code: str) -> str:
    """What stands for the voucher in an address: its code, or its id where the code is masked."""
    return quote(code if code == voucher.code else voucher.public_id, safe="")


def _publication(publication: models.Publication, **codes: Any) -> dict[str, Any]:
    customer = publication.customer
    return Publication.of(
        publication,
        customer_id=customer.public_id if customer else None,
        tracking_id=customer.source_id if customer else None,
        metadata=publication.metadata or {},
        customer=short_customer_answer(customer) if customer else None,
        vouchers_id=[voucher.public_id for voucher in publication.vouchers],
        **codes,
    )


def _voucher(voucher: Code, code: str, holding: Held | None) -> dict[str, Any]:
    reference = _address_of(voucher, code)
    holder = holding.holder if holding else None
    entries = [_entry(holding)] if holding else []
    publish = Published.of(
        count=len(entries),
        entries=entries,
        total=len(entries),
        url=f"/v1/vouchers/{reference}/publications?page=1&limit=10",
    )
    return voucher_answer(
        voucher, code=code, reference=reference, publish=publish, holder_id=holder.public_id if holder else None
    )


def _entry(holding: Held) -> dict[str, Any]:
    publication, customer = holding
    return Holding.of(
        publication,
        customer_id=customer.public_id if customer else None,
        customer=customer.source_id if customer else None,
        published_at=iso(publication.created_at),
    )
