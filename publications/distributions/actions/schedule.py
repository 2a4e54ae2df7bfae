"""Sends a draft on its way: at a date, or now, after a window in which it can still be cancelled."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Now
from django.utils import timezone
from procrastinate.contrib.django import app

from config.actor import Actor
from config.staff.models import ProjectSettings
from publications.distributions.actions.change_status import lock_for, move
from publications.distributions.compose import UnusableTemplate, check_template, shows_code
from publications.distributions.models import Distribution
from publications.distributions.queries.check_worth import why_nothing_can_be_sent
from publications.distributions.reasons import StatusReason
from publications.distributions.states import Act

Audience, Message = Distribution.Audience, Distribution.Message

CAMPAIGN_PROBLEMS = {
    StatusReason.CAMPAIGN_DISABLED: "The campaign is disabled, so its codes could not be used. Enable it first.",
    StatusReason.CAMPAIGN_EXPIRED: "The campaign has expired, so its codes could not be used. Move its end date first.",
    StatusReason.CAMPAIGN_DELETED: "The campaign was deleted, so its codes could not be used. Choose another one.",
}
CODE_MISSING = (
    "The message does not show the code, so codes would be used up without anybody seeing them. Write {{ code }} where it "
    "shall stand, or choose to send a plain message without a code."
)
CODE_MISSING_IN_REMINDER = "The message does not show the code, so customers would have to look for it. Write {{ code }} where it should appear."


class NotReady(Exception):
    """Something is missing; nothing was changed. `problems` are sentences for staff."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(" ".join(problems))


def schedule(distribution: Distribution, *, at: datetime | None, by: Actor) -> Distribution:
    """Starts at `at`, or (None) when the undo window of the project's settings is over. Raises NotReady, NotPossible.

    What is missing is looked for under a lock on the row, which whoever changes the draft waits for.
    """
    window = timedelta(minutes=ProjectSettings.current().undo_minutes)
    with transaction.atomic():
        draft = lock_for(distribution, Act.SCHEDULE)
        problems = what_is_missing(draft)
        if at is not None and at <= timezone.now():
            problems.append("The start time has passed. Choose a later one, or start it now.")
        if problems:
            raise NotReady(problems)
        starts_at = at if at is not None else Now() + Value(window)  # by the database's clock
        minutes = int(window.total_seconds() // 60)
        in_minutes = f"in {minutes} minute{'' if minutes == 1 else 's'}" if minutes else "at once"
        when = f"for {timezone.localtime(at):%d %b %Y, %H:%M %Z}" if at else in_minutes
        if draft.campaign_id:
            app.configure_task("distributions.reserve_codes").defer(distribution_id=draft.pk)
        return move(draft, Act.SCHEDULE, by=by, details={"at": when}, starts_at=starts_at)


def what_is_missing(distribution: Distribution) -> list[str]:
    """For people: what must be mended before it can run; also an automatic one. [] when it is ready."""
    problems = [*_audience_problems(distribution), *_message_problems(distribution)]
    if distribution.campaign:
        if dead := why_nothing_can_be_sent(distribution):
            problems.append(CAMPAIGN_PROBLEMS[dead])
        if distribution.campaign.standalone:
            problems.append("This campaign has a single code. Choose one with a pool of codes.")
        if distribution.publishes and distribution.campaign.join_once and distribution.codes_each > 1:
            problems.append("This campaign allows one code per customer: send one code each.")
    elif distribution.message == Message.NONE:
        problems.append("Choose a campaign, a message, or both.")
    return problems


def _audience_problems(distribution: Distribution) -> list[str]:
    match distribution.audience:
        case Audience.CUSTOMER if not distribution.customer or distribution.customer.erased_at:
            return ["Choose the customer."]
        case Audience.SEGMENT if not distribution.segment:
            return ["Choose a segment."]
        case Audience.LIST if not distribution.listed.exists():
            return ["Paste or upload the list of recipients."]
        case Audience.HOLDERS if not distribution.campaign:
            return ["Choose the campaign."]
        case Audience.TRIGGER if distribution.kind == Distribution.Kind.MANUAL:
            return ["Choose an audience."]
    return []


def _message_problems(distribution: Distribution) -> list[str]:
    if distribution.message == Message.WEBHOOK:
        if not distribution.webhook or distribution.webhook.deleted_at:
            return ["Choose the webhook that gets the messages."]
        return []
    if distribution.message == Message.NONE:
        return []
    problems = []
    if not distribution.subject.strip():
        problems.append("Write a subject.")
    if not distribution.body.strip():
        problems.append("Write the message.")
    for name, text in (("subject", distribution.subject), ("message", distribution.body)):
        try:
            check_template(text, with_code=distribution.campaign is not None)
        except UnusableTemplate as unusable:
            problems.append(f"In the {name}: {unusable}")
    if distribution.campaign and distribution.body.strip() and not shows_code(distribution.subject, distribution.body):
        problems.append(CODE_MISSING_IN_REMINDER if distribution.remind else CODE_MISSING)
    if settings.EMAIL_IS_SENT and not settings.SITE_URL:
        problems.append(
            "SITE_URL is not set, so the unsubscribe link would not work. Set it to the address where customers reach "
            "Handout."
        )
    return problems
