"""Publications, and vouchers with who holds them, as the API answers with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from campaigns.answers import short_voucher_answer, voucher_answer
from campaigns.codes.models import Voucher
from config.api.auth import Key
from config.api.door import iso
from customers.api.answers import short_customer_answer
from publications.answers.masked_codes import shown_code
from publications.models import Publication, PublishedVoucher


def published_answer(publication: Publication) -> dict[str, Any]:
    """What a call that publishes gets: one voucher in full, several as codes."""
    answer = _publication(publication)
    if publication.voucher_count == 1:
        voucher = publication.vouchers[0]
        answer["voucher"] = _voucher(voucher, voucher.code, publication)
    else:
        answer["vouchers"] = [voucher.code for voucher in publication.vouchers]
        answer["vouchers_count"] = publication.voucher_count
    return answer


def publication_answer(publication: Publication, key: Key) -> dict[str, Any]:
    """One publication out of the history, `.vouchers` attached: as when it was made, with its voucher as it is now."""
    answer = listed_answer(publication, key)
    if "voucher" in answer:
        answer["voucher"] = voucher_answers(publication.vouchers, key)[0]
    return answer


def listed_answer(publication: Publication, key: Key) -> dict[str, Any]:
    """A publication in a list, `.vouchers` attached: one voucher in short, several as codes (at most 100).

    A code that was released since is unpublished again, and masked as such.
    """
    codes = [shown_code(voucher, key) for voucher in publication.vouchers]
    answer = _publication(publication)
    if publication.result == Publication.Result.FAILURE:
        answer |= {"failure_code": publication.failure_code, "failure_message": publication.failure_message}
        answer["vouchers"] = []
    elif publication.voucher_count == 1 and publication.vouchers:
        answer["voucher"] = short_voucher_answer(publication.vouchers[0], code=codes[0])
    else:
        answer["vouchers"] = codes
        answer["vouchers_count"] = publication.voucher_count
    return answer


def voucher_answers(vouchers: Sequence[Voucher], key: Key) -> list[dict[str, Any]]:
    """Vouchers with who holds them, in one query for all."""
    live = PublishedVoucher.objects.filter(voucher__in=[voucher.pk for voucher in vouchers], released_at=None)
    holding = {row.voucher_id: row.publication for row in live.select_related("publication__customer")}
    return [_voucher(voucher, shown_code(voucher, key), holding.get(voucher.pk)) for voucher in vouchers]


def _address_of(voucher: Voucher, code: str) -> str:
    """What stands for the voucher in an address: its code, or its id where the code is masked."""
    return quote(code if code == voucher.code else voucher.public_id, safe="")


def _publication(publication: Publication) -> dict[str, Any]:
    customer = publication.customer
    return {
        "id": publication.public_id,
        "object": "publication",
        "created_at": iso(publication.created_at),
        "customer_id": customer.public_id if customer else None,
        "tracking_id": customer.source_id if customer else None,
        "metadata": publication.metadata or {},
        "channel": publication.channel,
        "source_id": publication.source_id,
        "result": publication.result,
        "voided_at": iso(publication.voided_at),
        "customer": short_customer_answer(customer) if customer else None,
        "vouchers_id": [voucher.public_id for voucher in publication.vouchers],
    }


def _voucher(voucher: Voucher, code: str, holding: Publication | None) -> dict[str, Any]:
    reference = _address_of(voucher, code)
    holder = holding.customer if holding else None
    entries = [_entry(holding)] if holding else []
    publish = {
        "object": "list",
        "count": len(entries),
        "data_ref": "entries",
        "entries": entries,
        "total": len(entries),
        "url": f"/v1/vouchers/{reference}/publications?page=1&limit=10",
    }
    return voucher_answer(
        voucher, code=code, reference=reference, publish=publish, holder_id=holder.public_id if holder else None
    )


def _entry(publication: Publication) -> dict[str, Any]:
    customer = publication.customer
    return {
        "customer_id": customer.public_id if customer else None,
        "customer": customer.source_id if customer else None,
        "channel": publication.channel,
        "published_at": iso(publication.created_at),
        "metadata": publication.metadata,
        "object": "publication",
    }
