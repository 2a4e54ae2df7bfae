"""POST /v1/vouchers/publish, as clients of before 2019 publish: npm voucherify up to 5, Ruby 4, PHP 2, Python 2.2."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from config.api.auth import MAY_PUBLISH
from config.api.examples import Example
from config.api.openapi import operation
from publications.answers.answers import PublicationMade, Voucher, published_answer
from publications.api.publications import NEXT, REFUSED, PublicationSent, publication_in, publish_as_sent
from publications.api.vouchers import router


@operation(
    router, "POST", "/publish", MAY_PUBLISH, "Publish (old)", answer=Voucher | PublicationMade, refuses=REFUSED,
    examples=[Example("The next code of a campaign", NEXT)],
)  # fmt: skip
def publish_voucher(request: HttpRequest, sent: PublicationSent | None = None) -> dict[str, Any]:
    """The same as Publish, answered with the voucher alone; several codes are answered as there. What it takes may stand
    in the query as well (`?campaign=Autumn%20coffee`); the body goes first. Of use to old clients only."""
    asked = publication_in(request.GET)
    if sent:
        asked = asked.model_copy(update={name: value for name, value in sent if value is not None})
    answer: dict[str, Any] = published_answer(publish_as_sent(request, asked))
    return answer.get("voucher", answer)
