"""The form of a referral program."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict

from campaigns.codes.queries.find import CampaignNotFound, find_campaign
from campaigns.models import Campaign
from config.staff.pages.widgets import Combobox
from customers.segments.models import Segment
from publications.referrals.models import ReferralProgram


def _campaign(label: str, help_text: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=255,
        required=False,
        widget=Combobox(url_name="campaigns:suggest", attrs={"placeholder": "Campaign name"}),
        help_text=help_text,
    )


class ProgramForm(forms.Form):
    invite = forms.ModelChoiceField(
        Segment.objects.none(),
        label="Send a referral code to everyone in",
        required=False,
        empty_label="No one automatically",
        help_text="Current members of the segment and everyone who enters it later. Otherwise, publish codes by hand or through the API.",
    )
    reward = _campaign("Referrer reward: a code from", "Leave empty for none.")
    every = forms.IntegerField(
        label="Every nth referee",
        min_value=1,
        max_value=1000,
        required=False,
        initial=1,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text="1: every referee; 3: every third referee",
    )
    referee_reward = _campaign("Referee reward: a code from", "Leave empty for none.")
    by_email = forms.BooleanField(
        label="Notify customers by e-mail",
        required=False,
        help_text="You can edit each message later, on the page of its distribution.",
    )
    all_optional = single_column = True

    def __init__(self, data: QueryDict | None = None, *, program: ReferralProgram | None) -> None:
        super().__init__(data, initial=_initial(program) if program else {"by_email": True})
        self.fields["invite"].queryset = Segment.objects.order_by("name", "pk")

    def clean_reward(self) -> Campaign | None:
        return _found(self.cleaned_data["reward"])

    def clean_referee_reward(self) -> Campaign | None:
        return _found(self.cleaned_data["referee_reward"])

    def clean_every(self) -> int:
        return self.cleaned_data["every"] or 1


def _found(typed: str) -> Campaign | None:
    if not typed.strip():
        return None
    try:
        return find_campaign(typed.strip())
    except CampaignNotFound:
        raise forms.ValidationError(f"There is no campaign “{typed.strip()}”.") from None


def _initial(program: ReferralProgram) -> dict[str, Any]:
    invite, reward, referee = (
        part if part and part.status != "archived" else None
        for part in (program.invite, program.reward_referrer, program.reward_referee)
    )
    return {
        "invite": invite.rule.segment_id if invite else None,
        "reward": reward.campaign.name if reward and reward.campaign else "",
        "every": reward.rule.every if reward else 1,
        "referee_reward": referee.campaign.name if referee and referee.campaign else "",
        "by_email": True,
    }
