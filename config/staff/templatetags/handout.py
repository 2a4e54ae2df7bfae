"""Template tags of every page; built in, so no {% load %} is needed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zlib import crc32

from django import template
from django.forms import BaseForm
from django.template import Context
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from config.staff.page_of import page_of

register = template.Library()
register.simple_tag(page_of)  # {% page_of "dist" key %}: where only the key of a thing is at hand

TONES = {
    "good": {"live", "active", "success", "done", "published", "redeemable", "ready", "imported", "delivered"},
    "info": {"in pool", "draft", "queued", "running", "scheduled", "not started", "referral program", "waiting"},
    "warn": {
        "paused",
        "low",
        "disabled",
        "campaign disabled",
        "not published",
        "released",
        "retired",
        "held back",
        "unknown",
        "revoked",
        "partly released",
        "retrying",
    },
    "bad": {"paused by handout", "failure", "failed", "expired", "pool empty", "no codes", "campaign deleted"},
}
_TONE_OF = {word: tone for tone, words in TONES.items() for word in words}
# A channel's place among the colours of charts (static/css/tokens.css). The built-in ones have theirs, the others one of
# OWN; grey, the fifth, is that of "Other".
CHANNELS = {"API": 1, "Dashboard": 2, "Automation": 3, "CSV": 4, "Import": 7, "Distribution": 10}
OWN = (6, 8, 9, 11, 12)


@register.simple_tag
def pill(label: str, tone: str | None = None) -> SafeString:
    """A state as a coloured pill. Tones: good, info, warn, bad, calm; known words need none."""
    if label in (None, ""):
        return SafeString("")
    tone = tone or _TONE_OF.get(str(label).lower(), "calm")
    return format_html('<span class="pill {}">{}</span>', tone, label)


@register.filter
def channel_series(name: str) -> int:
    """The channel's place (1 to 12) among the colours of charts: the same channel has the same colour on every page."""
    return CHANNELS.get(name) or OWN[crc32(str(name).encode()) % len(OWN)]


@register.simple_tag
def channel(name: str) -> SafeString:
    """The channel with its colour. A long name breaks after an underscore rather than inside a word."""
    if not name:
        return SafeString("")
    breaking = format_html_join(SafeString("_<wbr>"), "{}", ((part,) for part in str(name).split("_")))
    return format_html('<span class="chan s{}"><span>{}</span></span>', channel_series(name), breaking)


@register.simple_tag
def when(moment: datetime | None, empty: str = "–") -> SafeString:
    """How long ago (or when), in the project's time zone; the exact time is the title."""
    if moment is None:
        return format_html('<span class="muted{}">{}</span>', " nothing" if empty == "–" else "", empty)
    try:
        local = timezone.localtime(moment)
    except OverflowError:  # the zone would carry it out of what Python can hold
        local = moment
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.astimezone(UTC).isoformat(timespec="seconds"),
        f"{local:%A} {local.day} {local:%B %Y, %H:%M:%S %Z}",
        relative(local, timezone.localtime()),
    )


@register.simple_tag
def as_of(moment: datetime | None) -> str:
    """Behind a count that was made some time ago: "as of 12:03". Nothing behind one that was made here and now."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    shown = f"{local:%H:%M}"
    if local.date() != timezone.localdate():
        shown = f"{local.day} {local:%b}, {shown}"
    return format_html(
        'as\u00a0of\u00a0<time datetime="{}">{}</time>', moment.astimezone(UTC).isoformat(timespec="seconds"), shown
    )


def relative(moment: datetime, now: datetime) -> str:
    """`moment` seen from `now`, both in the project's time zone: "5 min ago", "yesterday 14:02", "3 Nov 14:02"."""
    ago = now - moment
    days = (now.date() - moment.date()).days
    if timedelta(0) <= ago < timedelta(minutes=1):
        return "just now"
    if timedelta(0) <= ago < timedelta(hours=1):
        return f"{ago.seconds // 60} min ago"
    if timedelta(0) <= ago < timedelta(hours=12) and days == 0:
        return f"{ago.seconds // 3600} h ago"
    clock = f"{moment:%H:%M}"
    if days in (-1, 0, 1):
        return f"{ {-1: 'tomorrow', 0: 'today', 1: 'yesterday'}[days] } {clock}"
    if moment.year == now.year:
        return f"{moment.day} {moment:%b} {clock}"
    return f"{moment.day} {moment:%b %Y}"


@register.inclusion_tag("partials/_code.html")
def code(value: str, masked: bool = False, copy: bool = True, url: str = "") -> dict:
    """A voucher code with its copy button, leading to `url`. A masked one (`masked=True`) has nothing to copy."""
    return {"value": value, "masked": masked, "copy": copy and not masked, "url": url}


@register.simple_tag
def crumbs(*parts: str) -> SafeString:
    """{% crumbs "Campaigns" list_url campaign.name campaign_url "Codes" %}: label, address, …, and where we are."""
    pairs = [parts[i : i + 2] for i in range(0, len(parts), 2)]
    items = format_html_join(
        "",
        "<li>{}</li>",
        (
            (format_html('<a href="{}">{}</a>', pair[1], pair[0]),)
            if len(pair) == 2
            else (format_html('<span aria-current="page">{}</span>', pair[0]),)
            for pair in pairs
        ),
    )
    return format_html('<nav class="crumbs" aria-label="Breadcrumb"><ol>{}</ol></nav>', items)


@register.simple_tag(takes_context=True)
def money(context: Context, amount: Decimal | None) -> str:
    """10.5 -> "10.50 EUR", in the project's currency."""
    return _money(amount, _currency(context)) if amount is not None else "–"


@register.simple_tag(takes_context=True)
def worth(context: Context, thing: Any) -> str:
    """What a campaign or voucher is worth, from its fields of campaigns.models.Value: "20% off", "5.00 EUR off"."""
    currency = _currency(context)
    if thing.gift_amount is not None:
        return f"{_money(thing.gift_amount, currency)} gift"
    value = thing.discount_value
    match thing.discount_type:
        case "PERCENT" if value is not None:
            return f"{_plain(value)}% off"
        case "AMOUNT" if value is not None:
            return f"{_money(value, currency)} off"
        case "UNIT" if value is not None:
            return f"{_plain(value)} × {thing.unit_type or 'unit'} free"
        case "FIXED" if value is not None:
            return f"{_money(value, currency)} fixed price"
    return ""


def _currency(context: Context) -> str:
    project = getattr(context.get("request"), "project", None)
    return project.currency if project else "EUR"


def _money(amount: Decimal, currency: str) -> str:
    return f"{number_format(amount, 2, use_l10n=True, force_grouping=True)} {currency}"


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


@register.filter
def as_json(value: Any) -> str:
    """Metadata for reading: indented, keys in order."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=str)


@register.filter
def fieldsets(form: BaseForm) -> list[Any]:
    """[(legend, help, [bound fields])]: the form's own `fieldsets`, or all its visible fields under no legend."""
    declared = getattr(form, "fieldsets", None)
    if not declared:
        return [("", "", form.visible_fields())]
    shown = {name for name in form.fields if not form[name].is_hidden}
    return [(legend, text, [form[name] for name in names if name in shown]) for legend, text, names in declared]
