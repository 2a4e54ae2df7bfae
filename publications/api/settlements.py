"""The API that settles a hand-out, beyond Voucherify (docs/api.md, "Settle a hand-out")."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from pydantic import Field

from config.api.auth import MAY_ALL, caller
from config.api.bodies import MOST_ROWS, Sent, array_of
from config.api.door import invalid_payload, key_or_404, not_found
from config.api.examples import Example
from config.api.openapi import operation
from config.api.started import Started, started
from config.public_ids import PUBLICATION
from publications.actions.order_settlement import order_settlement
from publications.api.publications import PublicationRef, router
from publications.models import Publication


class SettledCode(Sent):
    """A code, and either a customer or `not_used`."""

    code: str = Field(min_length=1)
    customer: str | None = Field(None, min_length=1, max_length=255)
    """Who got it: an id or source_id. One who is not known yet is added."""
    not_used: bool = False


class SettlementSent(Sent):
    """The body of POST /v1/publications/{id}/settle."""

    codes: array_of(SettledCode, most=MOST_ROWS) = Field(min_length=1)
    back_to_pool: bool = False
    """Return unused codes to the pool instead of retiring them."""


CODES = [{"code": "PRINT-0001", "customer": "12344"}, {"code": "PRINT-0002", "not_used": True}]


@operation(
    router, "POST", "/{publication_id}/settle", MAY_ALL, "Settle a hand-out", answer={202: Started}, refuses="not_found",
    examples=[Example("One code that somebody got, and one that was not used", {"codes": CODES})],
)  # fmt: skip
def settle_hand_out(request: HttpRequest, publication_id: PublicationRef, sent: SettlementSent) -> dict[str, Any]:
    """Records who got which code of a publication without a customer, and which were not used. Each code is settled or
    returned once; one that cannot be is told of in the result of the async action.
    """
    key = key_or_404(PUBLICATION, "publication", publication_id)
    hand_out = Publication.objects.filter(pk=key, customer=None, result=Publication.Result.SUCCESS).first()
    if not hand_out:
        raise not_found("publication", publication_id)
    for n, each in enumerate(sent.codes):
        if (each.customer is None) != each.not_used:
            raise invalid_payload(f"codes.{n}: needs either customer or not_used")
    rows = [
        {"voucher_code": each.code, "customer_source_id": each.customer, "not_used": each.not_used or None}
        for each in sent.codes
    ]
    return started(order_settlement(hand_out, rows, back_to_pool=sent.back_to_pool, by=caller(request)))
