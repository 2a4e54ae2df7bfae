"""Codes as the reader may see them."""

from __future__ import annotations

from collections.abc import Callable

from django import template

from campaigns.filters import state_of_code
from campaigns.mask import mask
from campaigns.models import Voucher
from publications.models import Publication
from publications.reveal import is_masked, reveals_codes, shown

register = template.Library()

LOOKED_AT = 1_000


@register.inclusion_tag("publications/_code_link.html")
def code_link(voucher: Voucher, reveals: bool) -> dict:
    """The code with a link to its page and, in clear, a copy button; `reveals` is reveals_codes(user)."""
    return {
        "voucher_id": voucher.pk,
        "code": shown(voucher, reveals=reveals),
        "masked": is_masked(voucher, reveals=reveals),
    }


@register.inclusion_tag("publications/_code_link.html")
def attempted_code(publication: Publication, reveals: bool) -> dict:
    """The code that a failed attempt asked for, from `with_codes`: masked unless that code is published."""
    masked = not reveals or publication.attempted_published_at is None
    code = mask(publication.attempted_code) if masked else publication.attempted_code
    return {"voucher_id": publication.attempted_id, "code": code, "masked": masked}


@register.filter
def state(publication: Publication) -> str:
    """What became of it, for a list made by `with_codes`: Success, Failed, Released or Partly released."""
    return _state(publication, lambda: any(row.released_at for row in publication.ledger.all()))


@register.filter
def state_of_one(publication: Publication) -> str:
    """The same for one publication. Of a hand-out of a million codes only the first are looked at."""
    first = publication.ledger.order_by("publication", "voucher").values_list("released_at", flat=True)[:LOOKED_AT]
    return _state(publication, lambda: any(first))


def _state(publication: Publication, partly_released: Callable[[], bool]) -> str:
    if publication.result == Publication.Result.FAILURE:
        return "Failed"
    if publication.voided_at:
        return "Released"
    return "Partly released" if partly_released() else "Success"


REASONS = {
    "no_voucher_suitable_for_publication": "Pool empty",
    "voucher_already_published": "Already published",
    "voucher_cannot_be_published": "Not publishable",
}


@register.filter
def reason(publication: Publication) -> str:
    """Why it failed, in two words; `failure_message` has the rest."""
    return REASONS.get(publication.failure_code) or publication.failure_code.replace("_", " ")


@register.filter
def code_status(voucher: Voucher) -> str:
    return state_of_code(voucher)


@register.simple_tag(takes_context=True)
def code_text(context, voucher: Voucher) -> str:
    """The code as the signed-in user may see it, without link or button."""
    return shown(voucher, reveals=reveals_codes(context["request"].user))
