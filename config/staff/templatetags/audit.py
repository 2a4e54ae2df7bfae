"""Audit entries on pages: the audit log, and the Activity tab of a campaign."""

from __future__ import annotations

from django import template
from django.contrib.auth.models import User
from django.utils.safestring import SafeString

from config.staff.audit_sentences import known_details, sentence
from config.staff.models import AuditEntry

register = template.Library()
RECENT = 10


@register.simple_tag
def audit_sentence(entry: AuditEntry, on_its_page: bool = False) -> SafeString:
    """What was done, without who: "released the code <a>…</a>"; on the page of the code itself "released it"."""
    return sentence(entry, on_its_page=on_its_page)


@register.simple_tag
def audit_details(entry: AuditEntry) -> list[tuple[str, str]]:
    """[(name, value), …] of what else is known of it."""
    return list(known_details(entry))


@register.simple_tag
def recent_actions(user: User) -> list[AuditEntry]:
    """What this user did last, newest first."""
    return list(AuditEntry.objects.filter(actor_kind="user", actor_id=user.pk)[:RECENT])
