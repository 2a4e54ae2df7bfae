"""Sets up what a referral program does by itself: who is invited, and what a referral brings to both."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

from django.db import transaction

from campaigns.models import Campaign
from config.actor import Actor
from customers.segments.models import Segment
from publications.automation.actions.activate import activate
from publications.automation.actions.create_automation import change_automation, create_automation
from publications.automation.models import Rule
from publications.distributions.actions.change_status import NotPossible, archive, pause
from publications.distributions.models import Distribution
from publications.referrals.models import ReferralProgram

Status, T = Distribution.Status, Rule.Trigger
INVITE, REFERRER, REFEREE = "invite", "reward_referrer", "reward_referee"
# What each is told by e-mail at first. Staff change it on the page of the distribution.
TEXTS = {
    INVITE: (
        "Your code for friends",
        "Hello {{ customer.first_name }},\n\nshare this code with your friends: {{ code }}\n\nIt is for them to use.",
    ),
    REFERRER: (
        "Thank you for your recommendation",
        "Hello {{ customer.first_name }},\n\na friend used your code. Here is a code for you: {{ code }}",
    ),
    REFEREE: (
        "Welcome",
        "Hello {{ customer.first_name }},\n\nthank you for joining us. Here is a code for you: {{ code }}",
    ),
}
NAMES = {INVITE: "Invitations", REFERRER: "Referrer rewards", REFEREE: "Referee rewards"}


class NoProgram(ValueError):
    """The campaign is no referral program, or a reward is one of its own codes."""


class Part(NamedTuple):
    rule: dict[str, Any]
    gives: Campaign


def set_up_program(
    campaign: Campaign,
    *,
    invite: Segment | None = None,
    reward: Campaign | None = None,
    every: int = 1,
    referee_reward: Campaign | None = None,
    by_email: bool = False,
    by: Actor,
) -> ReferralProgram:
    """`invite`: whoever is in the segment, or enters it, gets a referral code. `reward`: of which campaign a referrer gets
    a code, for each n-th referee (`every`). `referee_reward`: of which the referee gets one. What is None is not done
    (any more). `by_email`: new parts tell the customer; those that exist keep their message.

    Referrals that were counted before a reward was set up are not rewarded. All or nothing; raises NoProgram, NotReady
    (LoopFound among it) and NotPossible.
    """
    if campaign.kind != Campaign.Kind.REFERRAL_PROGRAM or campaign.deleted_at:
        raise NoProgram(f"“{campaign}” is not a referral program.")
    if campaign in (reward, referee_reward):
        raise NoProgram("The reward must come from another campaign than the referral codes.")
    of_program = {"campaign_id": campaign.pk}
    parts: dict[str, Part] = {}
    if invite:
        entering = {"trigger": T.SEGMENT_ENTERED, "segment_id": invite.pk, "with_those_in_it": True, "at_most": 1}
        parts[INVITE] = Part(entering, campaign)
    if reward:
        parts[REFERRER] = Part({"trigger": T.REFERRER, "every": every, **of_program}, reward)
    if referee_reward:
        parts[REFEREE] = Part({"trigger": T.REFEREE, **of_program}, referee_reward)
    with transaction.atomic():
        ReferralProgram.objects.get_or_create(campaign=campaign)
        program = ReferralProgram.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
        for name in NAMES:
            before, part = getattr(program, name), parts.get(name)
            if part is None:
                _end(before, by=by)
                after = None
            elif before is None or before.status == Status.ARCHIVED:
                after = _begin(f"{NAMES[name]}: {campaign}"[:200], name, part, by_email=by_email, by=by)
            else:
                after = _change(before, part, by=by)
            setattr(program, name, after)
        program.save()
    return program


def _begin(called: str, name: str, part: Part, *, by_email: bool, by: Actor) -> Distribution:
    subject, body = TEXTS[name]
    message = Distribution.Message.EMAIL if by_email else Distribution.Message.NONE
    draft = create_automation(
        called, rule=part.rule, campaign=part.gives, message=message, subject=subject, body=body, by=by
    )
    return activate(draft, by=by)


def _change(before: Distribution, part: Part, *, by: Actor) -> Distribution:
    rule = before.rule
    same = all(getattr(rule, field) == value for field, value in part.rule.items())
    if same and before.campaign_id == part.gives.pk and before.status == Status.ACTIVE:
        return before
    was_listening = Rule.objects.listening().filter(pk=before.pk).exists()
    if was_listening:
        pause(before, by=by)
    change_automation(before, rule=part.rule, campaign_id=part.gives.pk, by=by)
    after = activate(before, by=by)
    if was_listening and rule.segment_id == part.rule.get("segment_id"):
        # It has listened all along: what is in the outbox at this moment is its business.
        Rule.objects.filter(pk=before.pk).update(activated_at=rule.activated_at)
    return after


def _end(before: Distribution | None, *, by: Actor) -> None:
    """Its log stays; who waits for a code gets none."""
    if before:
        with suppress(NotPossible):  # staff have archived it
            archive(before, by=by)
