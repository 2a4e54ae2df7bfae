"""Lucide's icons, each drawn once: to read and write its SVG anew each time took a tenth of the time of a list."""

from __future__ import annotations

from functools import lru_cache

from django import template
from lucide.templatetags import lucide

register = template.Library()
icon = lru_cache(maxsize=512)(lucide.lucide)
register.simple_tag(icon, name="lucide")
