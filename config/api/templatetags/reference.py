"""Tags of the API's reference page."""

from __future__ import annotations

import re

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from config.api.examples import SERVER

register = template.Library()


@register.filter
def words(text: str) -> SafeString:
    """Text with `code` in backticks; an empty line begins a paragraph."""
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", conditional_escape(text))
    return mark_safe("</p><p>".join(re.split(r"\n\s*\n", marked)))  # noqa: S308 - escaped above


@register.filter
def on_server(text: str, server: str) -> str:
    """The example with the address of the server put in."""
    return text.replace(SERVER, server)
