"""Why a distribution stands still, and why somebody got nothing: kinds, and the sentences that people read.

Only the kind is stored, beside a detail where there is one: what a server answered, or a name. Nothing ever reads a
kind out of a sentence.
"""

from __future__ import annotations

from django.db.models import Case, CharField, F, TextChoices, Value, When
from django.db.models.functions import Concat


class StatusReason(TextChoices):
    """Why Handout paused a distribution, or why it rests while it is running or active. The detail completes the label."""

    POOL_EMPTY = "pool_empty", "The pool is empty"
    CODES_RESERVED = "codes_reserved", "The codes left are reserved for other distributions"
    NO_MORE_CODES = "no_more_codes", "No more codes can be generated"
    CAMPAIGN_DISABLED = "campaign_disabled", "The campaign is disabled"
    CAMPAIGN_EXPIRED = "campaign_expired", "The campaign has expired"
    CAMPAIGN_DELETED = "campaign_deleted", "The campaign was deleted"
    WEBHOOK_DELETED = "webhook_deleted", "The webhook of this distribution was deleted"
    SERVER_REFUSES = "server_refuses", "The mail server rejects Handout’s sign-in"
    SERVER_CANNOT = "server_cannot", "The mail server does not support what EMAIL_URL asks for"
    SENDER_REFUSED = "sender_refused", "The mail server rejects messages from this sender"
    UNKNOWN_IN_A_ROW = "unknown_in_a_row", "Several messages in a row may or may not have arrived"
    LOST = "lost", "The database lost its latest changes while this was in progress"
    # Of those that rest:
    ANSWERS_LOST = "answers_lost", "The connection drops before the server confirms the message"
    SERVER_BUSY = "server_busy", "The mail server asked to wait"
    SERVER_AWAY = "server_away", "The mail server is not responding"
    SERVER_HANGS_UP = "server_hangs_up", "The mail server closes the connection"
    WEBHOOK_AWAY = "webhook_away", "The webhook’s server is not responding"
    LIMIT_REACHED = "limit_reached", "The limit of codes for today is reached"
    OTHER = "other", ""  # from before kinds were stored: the detail is the sentence


FOR_GOOD = (StatusReason.CAMPAIGN_DELETED, StatusReason.WEBHOOK_DELETED)  # nothing that staff do makes it go on

WHAT_TO_DO = {
    StatusReason.POOL_EMPTY: "Add codes, then resume.",
    StatusReason.CODES_RESERVED: "Add codes, then resume.",
    StatusReason.NO_MORE_CODES: "Change the code configuration or import codes, then resume.",
    StatusReason.CAMPAIGN_DISABLED: "Enable it, then resume. Or stop this distribution.",
    StatusReason.CAMPAIGN_EXPIRED: "Move its end date, then resume. Or stop this distribution.",
    StatusReason.CAMPAIGN_DELETED: "Its codes can no longer be used: stop this distribution.",
    StatusReason.WEBHOOK_DELETED: "Stop it, or duplicate it with another one.",
    StatusReason.SERVER_REFUSES: "Check EMAIL_URL, then resume.",
    StatusReason.SERVER_CANNOT: "Check EMAIL_URL, then resume.",
    StatusReason.LOST: "Resolve the unknown messages below, then resume.",
    StatusReason.SENDER_REFUSED: "Check DEFAULT_FROM_EMAIL and EMAIL_URL, then resume.",
    StatusReason.LIMIT_REACHED: "Handout goes on tomorrow, or once the limit is raised.",
    StatusReason.UNKNOWN_IN_A_ROW: (
        "Find out what is wrong with the receiving server, resolve the unknown messages, then resume."
    ),
    **dict.fromkeys(
        (
            StatusReason.ANSWERS_LOST,
            StatusReason.SERVER_BUSY,
            StatusReason.SERVER_AWAY,
            StatusReason.SERVER_HANGS_UP,
            StatusReason.WEBHOOK_AWAY,
        ),
        "Handout keeps trying.",
    ),
}


# It cannot be stopped for good, but given another campaign, or archived.
OF_AN_AUTOMATIC_ONE = {
    StatusReason.CAMPAIGN_DISABLED: "Enable it, then resume.",
    StatusReason.CAMPAIGN_EXPIRED: "Move its end date, then resume.",
    StatusReason.CAMPAIGN_DELETED: "Its codes can no longer be used: pause this distribution and choose another campaign.",
    StatusReason.WEBHOOK_DELETED: "Pause this distribution and choose another webhook.",
}


class DeliveryReason(TextChoices):
    """Why a recipient was left out, failed, is unknown, or has to wait. The detail completes the label."""

    # Left out:
    ERASED = "erased", "Personal data was erased"
    NO_EMAIL = "no_email", "No e-mail address"
    NOT_AN_EMAIL = "not_an_email", "Not an e-mail address"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    IN_ANOTHER_RUN = "in_another_run", "Got a code of this campaign in another distribution"
    HOLDS_A_CODE = "holds_a_code", "Already holds a code of this campaign"
    HOLDS_TOO_MANY = "holds_too_many", "Holds as many codes of this campaign as one customer may"
    ADDRESS_HOLDS_A_CODE = (
        "address_holds_a_code",
        "Another customer with the same e-mail address holds a code of this campaign",
    )
    SAME_EMAIL = "same_email", "Same e-mail address as another recipient"
    UNKNOWN_ADDRESS = "unknown_address", "No customer has this address or ID"
    CODE_RELEASED = "code_released", "Its code was released before the message was sent"
    CODE_DISABLED = "code_disabled", "Its code was disabled before the message was sent"
    CODE_EXPIRED = "code_expired", "Its code expired before the message was sent"
    CODE_USED = "code_used", "Its code was used before the message was sent"
    CODE_EXTENDED = "code_extended", "Its code now expires later"
    STOPPED = "stopped", "The distribution was stopped first"
    GOT_IT_IN_LOST_TIME = "got_it_in_lost_time", "Got it in the time the database lost"
    STOPPED_AND_RELEASED = "stopped_and_released", "The distribution was stopped; the code was released"
    ARCHIVED = "archived", "The distribution was archived"
    # Failed:
    REFUSED = "refused", "The mail server rejected it"
    REFUSED_BY_WEBHOOK = "refused_by_webhook", "The webhook’s server rejected it"
    EVERY_ATTEMPT_FAILED = "every_attempt_failed", "Every attempt failed"
    ADDRESS_NOT_TAKEN = "address_not_taken", "The mail server does not support the characters in this address"
    ADDRESS_INVALID = "address_invalid", "E-mail cannot be sent to this address"
    NOT_WRITTEN = "not_written", "The message could not be written"
    # Tried again later:
    ASKED_TO_WAIT = "asked_to_wait", "The server asked to wait"
    # Unknown:
    HANDOUT_STOPPED = "handout_stopped", "Handout stopped while sending it, so it may have arrived"
    CONNECTION_LOST = "connection_lost", "The connection was lost while it was being sent, so it may have arrived"
    LOST = "lost", "The database lost its latest changes, so it may have been sent"
    UNCLEAR_ANSWER = "unclear_answer", "The server did not confirm that it accepted the message"
    OTHER = "other", ""  # from before kinds were stored: the detail is the sentence


class FiringReason(TextChoices):
    """Why a rule did not fire for a customer. The detail completes the label."""

    NOBODY = "nobody", "No customer was named"
    ERASED = "erased", "Personal data was erased"
    NOT_IN_SEGMENT = "not_in_segment", "Not in the segment"
    HOLDS_NO_CODE = "holds_no_code", "Holds no code of"
    HOLDS_A_CODE = "holds_a_code", "Holds a code of"
    TOO_OFTEN = "too_often", "Reached the limit"
    OTHER = "other", ""  # from before kinds were stored: the detail is the sentence


def in_words(reason: TextChoices | None, detail: str = "") -> str:
    """For people: "The mail server refused it: 550 No such mailbox". "" where there is no reason."""
    return ": ".join(words for words in (reason.label if reason else "", detail) if words)


def with_what_to_do(reason: StatusReason, detail: str = "", *, automatic: bool = False) -> str:
    """The same in full sentences, with what staff can do about it."""
    words = in_words(reason, detail)
    if not words.endswith((".", "!", "?")):
        words += "."
    to_do = (OF_AN_AUTOMATIC_ONE if automatic else {}).get(reason) or WHAT_TO_DO.get(reason)
    return f"{words} {to_do}" if to_do else words


def in_words_by_sql(choices: type[TextChoices], reason: str, detail: str) -> Case:
    """`in_words` as an expression over the two fields, for files that PostgreSQL writes."""
    label = Case(
        *(When(**{reason: choice.value}, then=Value(choice.label)) for choice in choices if choice.label),
        default=Value(""),
        output_field=CharField(),
    )
    told = F(detail)
    return Case(
        When(**{f"{detail}__isnull": True}, then=Value("")),
        When(**{detail: ""}, then=label),
        When(**{reason: "other"}, then=told),
        default=Concat(label, Value(": "), told, output_field=CharField()),
        output_field=CharField(),
    )
