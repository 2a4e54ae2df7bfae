"""The audit log for people: what an entry says, where its object is found, and what else is known of it.

A sentence follows the actor's name: "Mara Lind" + "released the code {object}". An action that has no sentence here
still reads well enough ("imported code file …"), but a test wants one for each action that the code records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.public_ids import key_of
from config.staff.models import AuditEntry

# {object} is the object's label with a link to its page; {name} is a value of `details`.
SENTENCES = {
    "api_key.created": "made the API key {object}",
    "api_key.revoked": "revoked the API key {object}",
    "campaign.created": "created the campaign {object}",
    "campaign.changed": "changed the settings of {object}",
    "campaign.enabled": "enabled {object}",
    "campaign.disabled": "disabled {object}",
    "campaign.deleted": "deleted the campaign {object}",
    "campaign.codes_ordered": "ordered {count} codes for {object}",
    "campaign.codes_retried": "ordered the {missing} missing codes of {object} once more",
    "code.created": "created {object}",
    "code.changed": "changed the code {object}",
    "code.enabled": "enabled the code {object}",
    "code.disabled": "disabled the code {object}",
    "code.deleted": "deleted the code {object}",
    "code.released": "released the code {object} back into the pool",
    "code.retired": "released the code {object} and retired it",
    "code.held_back": "held the code {object} back: {reason}",
    "code.put_back": "put the code {object} back into the pool: {reason}",
    "codes.withdrawn": "withdrew the next {count} codes of {object}, since they may have been given out",
    "codes.listed_withdrawn": "withdrew {withdrawn} codes that a file names, and added {added} as withdrawn",
    "messages.settled": "settled from a mail server's log that {count} messages were sent",
    "quarantine.opened": "held all publishing: {object}, and what was given since {lost_since} is not known",
    "quarantine.ended": "opened publishing again ({object})",
    "codes.imported": "imported {imported} codes into {object}",
    "customer.created": "added the customer {object}",
    "customer.edited": "edited {fields} of the customer {object}",
    "customer.erased": "erased the personal data of the customer {object}",
    "customers.imported": "imported customers: {imported} new, {updated} updated",
    "publications.imported": "imported {imported} past publications",
    "segment.created": "made the segment {object}",
    "segment.changed": "changed {fields} of the segment {object}",
    "segment.filled": "added {added} customers to the segment {object}",
    "segment.member_removed": "took a customer out of the segment {object}",
    "segment.deleted": "deleted the segment {object}",
    "customer.unsubscribed": "took the address of the customer {object} off all runs’ e-mails",
    "customer.resubscribed": "had the customer {object} get e-mails again",
    "distribution.created": "made the distribution {object}",
    "distribution.changed": "changed {fields} of the distribution {object}",
    "distribution.recipients_listed": "gave the distribution {object} a list of {lines} lines",
    "distribution.tested": "sent a test of the distribution {object}",
    "distribution.scheduled": "started the distribution {object}, {at}",
    "distribution.cancelled": "cancelled the distribution {object} before it began",
    "distribution.started": "began the distribution {object}",
    "distribution.activated": "activated the distribution {object}",
    "distribution.archived": "archived the distribution {object}",
    "distribution.paused": "paused the distribution {object}",
    "distribution.resumed": "resumed the distribution {object}",
    "distribution.stopped": "stopped the distribution {object} for good",
    "distribution.done": "ended the distribution {object}",
    "distribution.failed_retried": "had {count} failed messages of the distribution {object} tried again",
    "distribution.unknown_resolved": "found out about an unknown message of the distribution {object}: {as_}",
    "distribution.unknown_settled": "settled {count} unknown messages of the distribution {object}: {as_}",
    "distribution.kept_sent": "had {count} messages sent that were kept here, of the distribution {object}",
    "distribution.test_kept": "made a test of the distribution {object}, which was kept here: there is no mail server",
    "distribution.codes_retired": "retired {count} codes of the distribution {object}, whose messages may have arrived",
    "distribution.codes_released": "released {count} codes that the distribution {object} had not sent",
    "distribution.duplicated": "made the distribution {object} as a copy",
    "distribution.discarded": "threw the draft {object} away",
    "export.ordered": "ordered the file {object}",
    "export.retried": "had the file {object} made once more",
    "export.downloaded": "downloaded the file {object}",
    "export.deleted": "deleted the file {object}",
    "webhook.created": "added the webhook {object}",
    "webhook.changed": "changed the webhook {object}",
    "webhook.secret_drawn": "drew a new secret for the webhook {object}",
    "webhook.paused": "paused the webhook {object}",
    "webhook.resumed": "resumed the webhook {object}",
    "webhook.deleted": "deleted the webhook {object}",
    "webhook.tested": "sent a test to the webhook {object}",
    "webhook.sent_again": "sent {event} to the webhook {object} again",
    "webhook.failed_sent_again": "had {count} failed events sent to the webhook {object} again",
    "settings.changed": "changed the project settings",
    "user.created": "made the user {object}",
    "user.edited": "edited the user {object}",
    "user.password_set": "set a new password for the user {object}",
    "user.deleted": "deleted the user {object}",
}

# "{count} codes", "{missing} missing codes": of one, the last word loses its s.
COUNTED = re.compile(r"(\{(\w+)\}(?: missing| failed| past)? [a-z]+)s\b")

# The beginning of a public id -> the page that shows the object. By name, since config knows no app.
PAGES = {
    "camp": ("dashboard:campaign", "campaign_id"),
    "v": ("dashboard:code", "voucher_id"),
    "cust": ("dashboard:customer", "customer_id"),
    "pub": ("publications:publication", "publication_id"),
    "export": ("exports:export", "export_id"),
    "seg": ("segments:segment", "segment_id"),
    "dist": ("distributions:distribution", "distribution_id"),
    "hook": ("webhooks:webhook", "address_id"),
}


def sentence(entry: AuditEntry, *, on_its_page: bool = False) -> SafeString:
    """What the actor did, as HTML, with the object's label linked to its page; on that page itself it is "it"."""
    words = SENTENCES.get(entry.action) or _plain_words(entry.action)
    if not (entry.object_label or entry.object_id):
        words = words.removesuffix(" into {object}")
    words = COUNTED.sub(lambda found: found[1] if entry.details.get(found[2]) == 1 else found[0], words)
    if on_its_page:
        words = re.sub(r"(the [a-z]+ )?\{object\}", "it", words)
    known = {name: intcomma(value) if type(value) is int else _shown(value) for name, value in entry.details.items()}
    try:
        return format_html(words, **{**known, "object": _object(entry)})
    except (KeyError, IndexError):  # an older entry lacks what the sentence tells today
        return format_html(_plain_words(entry.action), object=_object(entry))


def actions() -> list[tuple[str, str]]:
    """[("api_key.created", "API key created"), …], for the filter."""
    return sorted(((action, title(action)) for action in SENTENCES), key=lambda choice: choice[1])


def title(action: str) -> str:
    """ "api_key.created" as "API key created"."""
    noun, _, verb = action.partition(".")
    return _heading(f"{noun} {verb}")


def known_details(entry: AuditEntry) -> Iterator[tuple[str, Any]]:
    """(name, value) in words: {"changes": {"currency": {"from": "EUR", "to": "USD"}}} -> ("Currency", "EUR → USD")."""
    for name, value in entry.details.items():
        if isinstance(value, dict) and value and all(_is_change(change) for change in value.values()):
            for field, change in value.items():
                yield _heading(field), f"{_shown(change['from'])} → {_shown(change['to'])}"
        else:
            yield _heading(name), _shown(value)


def _object(entry: AuditEntry) -> SafeString | str:
    label = entry.object_label or entry.object_id
    prefix = entry.object_id.partition("_")[0]
    if prefix in PAGES and (key := key_of(prefix, entry.object_id)) is not None:
        url_name, argument = PAGES[prefix]
        return format_html('<a href="{}">{}</a>', reverse(url_name, kwargs={argument: key}), label)
    return format_html("<strong>{}</strong>", label) if label else ""


def _plain_words(action: str) -> str:
    noun, _, verb = action.partition(".")
    return f"{_words(verb)} {_words(noun)} {{object}}"


def _words(name: str) -> str:
    return name.replace("api_key", "API key").replace("_", " ")


def _heading(name: str) -> str:
    return _words(name)[:1].upper() + _words(name)[1:]


def _is_change(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"from", "to"}


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{_words(str(name))}: {_shown(item)}" for name, item in value.items()) or "none"
    return "none" if value in (None, "") else str(value)
