"""The audit log for people: what an entry says, where its object is found, and what else is known of it.

A sentence follows the actor's name: "Mara Lind" + "released the code {object}". An action that has no sentence here
still reads well enough ("imported code file …"), but a test wants one for each action that the code records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.staff.models import AuditEntry
from config.staff.page_of import page_of_id

# {object} is the object's label with a link to its page; {name} is a value of `details`.
SENTENCES = {
    "alerts.changed": "changed the alert settings: {object}",
    "api_key.created": "created the API key {object}",
    "api_key.changed": "changed the API key {object}",
    "api_key.rotated": "drew a new token for the API key {object}",
    "api_key.revoked": "revoked the API key {object}",
    "campaign.created": "created the campaign {object}",
    "campaign.changed": "changed the settings of {object}",
    "campaign.enabled": "enabled {object}",
    "campaign.disabled": "disabled {object}",
    "campaign.deleted": "deleted the campaign {object}",
    "campaign.codes_ordered": "requested {count} codes for {object}",
    "campaign.codes_stopped": "stopped generating codes for {object}; {missing} were not generated",
    "campaign.codes_retried": "retried the {missing} missing codes of {object}",
    "code.created": "created {object}",
    "code.changed": "changed the code {object}",
    "code.enabled": "enabled the code {object}",
    "code.disabled": "disabled the code {object}",
    "code.deleted": "deleted the code {object}",
    "code.released": "released the code {object} into the pool",
    "code.retired": "released the code {object} and retired it",
    "code.held_back": "held back the code {object}: {reason}",
    "code.put_back": "returned the code {object} to the pool: {reason}",
    "code.sending_again": "began to send {object} to its holder again",
    "code.sent_again": "sent {object} to its holder again",
    "code.stored_again": "stored a message that sends {object} to its holder again: e-mail is not set up",
    "code.not_sent_again": "did not send {object} to its holder again: {reason}",
    "code.perhaps_sent_again": "sent {object} to its holder again, and it may or may not have arrived",
    "codes.withdrawn": "withdrew the next {count} codes of {object}, because they may have been published",
    "codes.listed_withdrawn": "withdrew {withdrawn} codes listed in a file, and added {added} as withdrawn",
    "messages.settled": "marked {count} messages as sent, from a mail server’s log",
    "note.added": "added a note to {object}",
    "note.deleted": "deleted a note on {object}",
    "quarantine.opened": "put publishing on hold: {object}; publications since {lost_since} are not known",
    "quarantine.ended": "resumed publishing ({object})",
    "codes.metadata_updated": "added to the metadata of {count} codes",
    "codes.imported": "imported {imported} codes into {object}",
    "codes.import_stopped": "stopped an import of codes into {object} after {rows} rows",
    "codes.import_undone": "undid an import into {object}: {erased} codes are erased",
    "customer.created": "added the customer {object}",
    "customer.edited": "edited the {fields} of the customer {object}",
    "customer.erased": "erased the personal data of the customer {object}",
    "customers.imported": "imported customers: {imported} new, {updated} updated",
    "hand_out_codes.imported": "settled {imported} codes of the hand-out {object}; {updated} were returned",
    "hand_out_codes.returned": "returned {count} unused codes of the hand-out {object}",
    "publication.released": "released {count} codes of {object}: {reason}",
    "customers.import_stopped": "stopped an import of customers after {rows} rows",
    "publications.import_stopped": "stopped an import of past publications after {rows} rows",
    "publications.imported": "imported {imported} past publications",
    "segment.created": "created the segment {object}",
    "segment.changed": "edited the {fields} of the segment {object}",
    "segment.filled": "added {added} customers to the segment {object}",
    "segment.member_removed": "removed a customer from the segment {object}",
    "segment.deleted": "deleted the segment {object}",
    "customer.unsubscribed": "unsubscribed the customer {object}",
    "customer.resubscribed": "resubscribed the customer {object}",
    "distribution.created": "created the distribution {object}",
    "distribution.changed": "edited the {fields} of the distribution {object}",
    "distribution.recipients_listed": "uploaded a list of {lines} lines for the distribution {object}",
    "distribution.tested": "sent a test of the distribution {object}",
    "distribution.scheduled": "scheduled the distribution {object}: {at}",
    "distribution.cancelled": "cancelled the distribution {object}",
    "distribution.started": "started the distribution {object}",
    "distribution.activated": "activated the distribution {object}",
    "distribution.archived": "archived the distribution {object}",
    "distribution.paused": "paused the distribution {object}",
    "distribution.resumed": "resumed the distribution {object}",
    "distribution.stopped": "stopped the distribution {object}",
    "distribution.done": "finished the distribution {object}",
    "distribution.failed_retried": "retried {count} failed messages of the distribution {object}",
    "distribution.unknown_resolved": "resolved an unknown message of the distribution {object}: {as_}",
    "distribution.unknown_settled": "resolved {count} unknown messages of the distribution {object}: {as_}",
    "distribution.kept_sent": "sent {count} stored messages of the distribution {object}",
    "distribution.test_kept": "created a test of the distribution {object}, stored because there is no mail server",
    "distribution.codes_retired": "retired {count} codes of the distribution {object}, because their messages may have arrived",
    "distribution.codes_released": "released {count} unsent codes of the distribution {object}",
    "distribution.duplicated": "created the distribution {object} as a copy",
    "distribution.discarded": "discarded the draft {object}",
    "recall.started": "started the recall {object}: {reason}",
    "recall.stopped": "stopped the recall {object}",
    "recall.continued": "continued the recall {object}",
    "recall.done": "finished the recall {object}: {changed} changed, {left_out} left out",
    "export.ordered": "requested the file {object}",
    "export.retried": "retried the file {object}",
    "export.stopped": "stopped the file {object}",
    "export.downloaded": "downloaded the file {object}",
    "export.deleted": "deleted the file {object}",
    "view.saved": "saved the view {object}",
    "view.deleted": "deleted the view {object}",
    "webhook.created": "added the webhook {object}",
    "webhook.changed": "changed the webhook {object}",
    "webhook.secret_drawn": "generated a new secret for the webhook {object}",
    "webhook.paused": "paused the webhook {object}",
    "webhook.resumed": "resumed the webhook {object}",
    "webhook.deleted": "deleted the webhook {object}",
    "webhook.tested": "sent a test to the webhook {object}",
    "webhook.sent_again": "resent {event} to the webhook {object}",
    "webhook.failed_sent_again": "resent {count} failed events to the webhook {object}",
    "backup.made": "made the backup {object}",
    "email.tested": "sent a test message",
    "settings.changed": "changed the project settings",
    "user.created": "created the user {object}",
    "user.edited": "edited the user {object}",
    "user.password_set": "set a new password for the user {object}",
    "user.invited": "invited the user {object}",
    "user.password_link_sent": "sent {object} a link to choose a password",
    "user.password_chosen": "chose a password by a link sent to {object}",
    "user.password_changed": "changed their own password",
    "user.second_factor_set_up": "set up a second factor",
    "user.second_factor_removed": "removed the second factor of {object}",
    "user.recovery_codes_drawn": "drew new recovery codes",
    "user.recovery_code_used": "signed in with a recovery code; {left} left",
    "user.sessions_ended": "signed {object} out in {count} places",
    "user.deleted": "deleted the user {object}",
}

# What the filter calls an action, where its own words would read badly.
TITLES = {
    "campaign.codes_ordered": "Codes requested",
    "campaign.codes_stopped": "Generation of codes stopped",
    "campaign.codes_retried": "Codes retried",
    "code.put_back": "Code returned to the pool",
    "code.sending_again": "Code: sending again begun",
    "code.sent_again": "Code sent again",
    "code.stored_again": "Code: message stored, not sent",
    "code.not_sent_again": "Code not sent again",
    "code.perhaps_sent_again": "Code sent again, arrival unknown",
    "codes.listed_withdrawn": "Listed codes withdrawn",
    "distribution.done": "Distribution finished",
    "distribution.failed_retried": "Distribution: failed messages retried",
    "distribution.kept_sent": "Distribution: stored messages sent",
    "distribution.recipients_listed": "Distribution: list uploaded",
    "distribution.test_kept": "Distribution: test stored",
    "distribution.unknown_resolved": "Distribution: unknown message resolved",
    "distribution.unknown_settled": "Distribution: unknown messages resolved",
    "export.ordered": "Export requested",
    "hand_out_codes.imported": "Hand-out settled",
    "hand_out_codes.returned": "Hand-out: codes returned",
    "messages.settled": "Messages marked as sent",
    "quarantine.ended": "Publishing resumed",
    "quarantine.opened": "Publishing put on hold",
    "segment.filled": "Segment: customers added",
    "segment.member_removed": "Segment: customer removed",
    "user.password_set": "User: password set",
    "webhook.failed_sent_again": "Webhook: failed events resent",
    "webhook.secret_drawn": "Webhook: secret generated",
    "webhook.sent_again": "Webhook: event resent",
}

# "{count} codes", "{missing} missing codes": the last word loses its s when there is one.
COUNTED = re.compile(r"(\{(\w+)\}(?: missing| failed| past| unknown| stored| unsent)? [a-z]+)s\b")


def sentence(entry: AuditEntry, *, on_its_page: bool = False) -> SafeString:
    """What the actor did, as HTML, with the object's label linked to its page; on that page it is "it"."""
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
    return TITLES.get(action) or _heading(f"{noun} {verb}")


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
    if page := page_of_id(entry.object_id):
        return format_html('<a href="{}">{}</a>', page, label)
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
