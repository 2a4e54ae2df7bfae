"""Puts a message into words: one template of staff, from which subject, text and HTML are made.

Our own `{{ name }}` with a fixed list of names, and nothing else: a template engine in the hands of staff reads
whatever the server can. What is put in is escaped in the HTML, percent-encoded within an address, and never makes a
second line in a subject.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import NamedTuple
from urllib.parse import quote

from django.template import Context
from django.utils import timezone
from django.utils.html import escape

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.staff.models import ProjectSettings
from config.staff.templatetags.handout import worth
from config.staff.time_zone import zone
from customers.models import Customer
from publications.distributions.models import Distribution

OF_THE_CUSTOMER = ("customer.name", "customer.first_name", "customer.email", "customer.source_id")
OF_THE_CODE = ("code", "codes", "campaign.name", "value", "expires")
ALWAYS = (*OF_THE_CUSTOMER, "project.name", "unsubscribe_url")
METADATA = "customer.metadata."  # and the key: {{ customer.metadata.city }}

# A name holds no brace and no line break, so that looking for its end never goes past the next brace: with ".*?" a
# template of 50,000 braces kept a web process busy for half a minute.
ONE = r"\{\{([^{}\n]*+)\}\}"
VARIABLE = re.compile(ONE)
HALF_A_VARIABLE = re.compile(r"(?:\{\{|\}\}).*")
ADDRESS_OR_VARIABLE = re.compile(r"(https?://(?:\{\{[^{}\n]*+\}\}|[^\s<>\"{}])++)|" + ONE)
AFTER_AN_ADDRESS = ".,;:!?)"  # ends the sentence in which the address stands
BLANK_LINES = re.compile(r"\n[ \t]*+\n\s*+")
MOST_VARIABLES = 200  # of one message: each may be replaced by 32 KB of metadata


class UnusableTemplate(ValueError):
    """The text cannot be made into a message; the error says why, and how to fix it."""


class UnknownVariable(UnusableTemplate):
    """`name` is no variable of a message, or none of one without a code; or a bracket is missing. In line `line`."""

    def __init__(self, name: str, line: int, *, with_code: bool) -> None:
        self.name, self.line = name, line
        if name.startswith(("{{", "}}")):
            problem = f"“{name}” is not a complete variable. Write it like {{{{ customer.name }}}}."
        elif name in OF_THE_CODE:
            problem = f"{{{{ {name} }}}} can only be used in a message with a code."
        else:
            known = ", ".join((*ALWAYS, *(OF_THE_CODE if with_code else ()), METADATA + "…"))
            problem = f"{{{{ {name} }}}} is not a variable. Available: {known}."
        super().__init__(f"Line {line}: {problem}")


class Message(NamedTuple):
    subject: str
    text: str
    html: str


def check_template(text: str, *, with_code: bool) -> None:
    """For the forms: raises UnusableTemplate at the first problem. `with_code`: a code is published along with it."""
    known = {*ALWAYS, *(OF_THE_CODE if with_code else ())}
    for number, line in enumerate(text.splitlines(), start=1):
        for name in map(str.strip, VARIABLE.findall(line)):
            if name not in known and not (name.startswith(METADATA) and name != METADATA):
                raise UnknownVariable(name[:60], number, with_code=with_code)
        if half := HALF_A_VARIABLE.search(VARIABLE.sub("", line)):
            raise UnknownVariable(half[0][:60], number, with_code=with_code)
    if len(VARIABLE.findall(text)) > MOST_VARIABLES:
        raise UnusableTemplate(f"A message can have at most {MOST_VARIABLES} variables.")


def shows_code(*texts: str) -> bool:
    """Whether one of the templates holds the code, also within a web address."""
    return any(name.strip() in ("code", "codes") for text in texts for name in VARIABLE.findall(text))


def compose(
    distribution: Distribution,
    customer: Customer,
    codes: Sequence[Voucher],
    unsubscribe_url: str,
    *,
    project: ProjectSettings | None = None,
) -> Message:
    """What the customer is sent. `codes` are those of their publication, [] for a plain message."""
    project = project or ProjectSettings.current()
    values = _values(distribution.campaign, customer, codes, unsubscribe_url, project)
    subject = " ".join("".join(_fill(distribution.subject, values)).split())
    text = "".join(_fill(distribution.body, values))
    html = "".join(_fill_html(distribution.body, values))
    if unsubscribe_url not in text:
        text = f"{text.rstrip()}\n\n--\nUnsubscribe: {unsubscribe_url}\n"
        html = f"{html.rstrip()}\n\n{FOOTER.format(url=escape(unsubscribe_url))}"
    return Message(subject, text, PAGE.format(subject=escape(subject), body=_paragraphs(html)))


def left_blank(distribution: Distribution, customer: Customer, codes: Sequence[Voucher]) -> list[str]:
    """The variables of its message that say nothing for this customer and these codes."""
    values = _values(distribution.campaign, customer, codes, "a link", ProjectSettings.current())
    names = (name.strip() for name in VARIABLE.findall(f"{distribution.subject}\n{distribution.body}"))
    return [f"{{{{ {name} }}}}" for name in dict.fromkeys(names) if not values.get(name)]


def _values(
    campaign: Campaign | None,
    customer: Customer,
    codes: Sequence[Voucher],
    unsubscribe_url: str,
    project: ProjectSettings,
) -> dict[str, str]:
    values = {
        "customer.name": customer.name,
        "customer.first_name": (customer.name.split() or [""])[0],
        "customer.email": customer.email,
        "customer.source_id": customer.source_id or "",
        "project.name": project.name,
        "unsubscribe_url": unsubscribe_url,
    }
    for key, value in customer.metadata.items():
        values[METADATA + key] = value if isinstance(value, str) else "" if value is None else str(value)
    if campaign and codes:
        first = codes[0]
        own = first.discount_type or first.gift_amount is not None
        values |= {
            "code": ", ".join(voucher.code for voucher in codes),
            "codes": "\n".join(voucher.code for voucher in codes),
            "campaign.name": campaign.name,
            # The tag of the pages asks its context for the currency.
            "value": worth(Context({"request": SimpleNamespace(project=project)}), first if own else campaign),
            "expires": _expires(campaign, codes, project),
        }
    return values


def _expires(campaign: Campaign, codes: Sequence[Voucher], project: ProjectSettings) -> str:
    """ "31 December 2026", the first of their last days, in the project's time zone; "" where the codes do not expire."""
    moments = [moment for code in codes if (moment := code.expiration_date or campaign.expiration_date)]
    if not moments:
        return ""
    day = timezone.localtime(min(moments), zone(project.time_zone))
    return f"{day.day} {day:%B %Y}"


class _Part(NamedTuple):
    """Of a template: literal text, or the name of a variable. `of_address`: it stands within a web address."""

    text: str
    is_name: bool
    of_address: bool


@lru_cache(maxsize=256)
def _parts(template: str) -> list[list[_Part]]:
    """Groups of parts: each address is one group, so that the HTML can make a link of it."""
    groups: list[list[_Part]] = []
    at = 0
    for found in ADDRESS_OR_VARIABLE.finditer(template):
        groups.append([_Part(template[at : found.start()], False, False)])
        if address := found[1]:
            end = len(address.rstrip(AFTER_AN_ADDRESS))
            pieces = VARIABLE.split(address[:end])
            groups.append([_Part(piece.strip(), bool(n % 2), True) for n, piece in enumerate(pieces) if piece])
            groups.append([_Part(address[end:], False, False)])
        else:
            groups.append([_Part(found[2].strip(), True, False)])
        at = found.end()
    groups.append([_Part(template[at:], False, False)])
    return groups


def _filled(part: _Part, values: dict[str, str]) -> str:
    if not part.is_name:
        return part.text
    value = values.get(part.text, "")  # a metadata key that this customer has not
    return quote(value, safe="") if part.of_address else value


def _fill(template: str, values: dict[str, str]) -> Iterator[str]:
    for group in _parts(template.replace("\r\n", "\n")):
        yield from (_filled(part, values) for part in group)


def _fill_html(template: str, values: dict[str, str]) -> Iterator[str]:
    for group in _parts(template.replace("\r\n", "\n")):
        text = escape("".join(_filled(part, values) for part in group))
        first = group[0] if group else None
        if first and (first.of_address or (first.is_name and first.text == "unsubscribe_url")):
            yield f'<a href="{text}">{text}</a>'
        elif first and first.is_name and first.text in ("code", "codes"):
            yield f'<strong style="font-family:monospace;font-size:1.15em">{text}</strong>'
        else:
            yield text


def _paragraphs(html: str) -> str:
    paragraphs = [paragraph.strip("\n") for paragraph in BLANK_LINES.split(html) if paragraph.strip()]
    return "\n".join(f"<p>{paragraph}</p>".replace("\n", "<br>\n") for paragraph in paragraphs)


FOOTER = '<small style="color:#666"><a href="{url}" style="color:#666">Unsubscribe</a></small>'
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{subject}</title></head>
<body style="margin:0;padding:24px;font:16px/1.5 sans-serif;color:#222;background:#fff">
<div style="max-width:560px;margin:0 auto">
{body}
</div>
</body>
</html>
"""
