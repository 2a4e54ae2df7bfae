"""Codes as the reader may see them."""

from __future__ import annotations

from django import template
from django.template import Context

from campaigns.codes.models import Voucher
from campaigns.codes.state import state_of_code
from config.staff.roles import reveals_codes
from publications.code_visibility import is_masked, shown
from publications.models import Publication

register = template.Library()


@register.inclusion_tag("partials/records/_code_link.html")
def code_link(voucher: Voucher, reveals: bool) -> dict:
    """The code with a link to its page and, in clear, a copy button; `reveals` is reveals_codes(user)."""
    return {
        "voucher_id": voucher.pk,
        "code": shown(voucher, reveals=reveals),
        "masked": is_masked(voucher, reveals=reveals),
    }


@register.filter
def state(publication: Publication) -> str:
    """For a list, of which `attach_ledger` knows the codes."""
    return publication.state_in_words(some_released=any(row.released_at for row in publication.ledger_rows))


@register.filter
def code_status(voucher: Voucher) -> str:
    return state_of_code(voucher).label


@register.simple_tag(takes_context=True)
def code_text(context: Context, voucher: Voucher) -> str:
    """The code as the signed-in user may see it, without link or button."""
    return shown(voucher, reveals=reveals_codes(context["request"].user))
