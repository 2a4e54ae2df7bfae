"""Why attempts to publish failed, and what mends each reason."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from campaigns.models import Campaign
from config.public_ids import CAMPAIGN, key_of
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.pages.widgets import Combobox
from config.staff.roles import READ, requires
from publications.queries.find_remedy import find_remedy
from publications.queries.list_channels import list_channels
from publications.tallies.tally_failures import Failures, ReasonTally, tally_failures

PERIODS = {"7": "Last 7 days", "28": "Last 28 days", "90": "Last 90 days"}
USUAL = "28"


class FailuresForm(forms.Form):
    """What the figures are of; all of it may be left out."""

    campaign = forms.CharField(
        required=False,
        max_length=200,
        widget=Combobox(url_name="campaigns:suggest", attrs={"placeholder": "Any campaign"}),
    )
    channel = forms.CharField(required=False, max_length=100)
    days = forms.ChoiceField(label="Period", required=False, choices=list(PERIODS.items()))

    def __init__(self, data: Any) -> None:
        super().__init__(data)

        def channels() -> list[tuple[str, str]]:
            """Asked when the form is drawn."""
            asked = self.data.get("channel", "")
            names = list_channels()
            return [("", "Any channel"), *((name, name) for name in [*names, *({asked} - {*names, ""})])]

        self.fields["channel"].widget = forms.Select(choices=channels)  # type: ignore[arg-type]  # drawn late

    def clean_campaign(self) -> Campaign | None:
        text = self.cleaned_data["campaign"].strip()
        if not text:
            return None
        campaigns, key = Campaign.objects.live(), key_of(CAMPAIGN, text)
        found = campaigns.filter(pk=key).first() if key else campaigns.filter(name=text).first()
        if found is None:
            raise forms.ValidationError("No campaign has this name or ID. Choose one from the list.")
        return found


@require_safe
@requires(READ)
def failures(request: HtmxHttpRequest) -> HttpResponse:
    form = FailuresForm({**request.GET.dict(), "days": request.GET.get("days") or USUAL})
    form.is_valid()
    given = form.cleaned_data
    days, campaign, channel = given.get("days") or USUAL, given.get("campaign"), given.get("channel") or ""
    found = tally_failures(days=int(days), campaign=campaign, channel=channel)
    context = {
        "title": "Why attempts failed",
        "form": form,
        "period": PERIODS[days].lower(),
        "failures": found,
        "reasons": [_row(tally, found, campaign, channel) for tally in found.reasons()],
        "channels": found.channels(),
        "chart": found.chart(),
        "campaign": campaign,
    }
    return render(request, "publications/failures.html", context)


def _row(tally: ReasonTally, found: Failures, campaign: Campaign | None, channel: str) -> dict[str, Any]:
    """With the way to the attempts themselves, and where it is mended."""
    kept = {
        "result": tally.reason.value,
        "since": found.days[0].isoformat(),
        **({"channel": channel} if channel else {}),
    }
    query = f"?{urlencode(kept)}"
    where = [
        {
            "campaign": of,
            "attempts": attempts,
            "url": of.get_absolute_url() + query,
            "remedy": find_remedy(tally.reason, of),
        }
        for of, attempts in tally.campaigns
    ]
    attempts_of = campaign.get_absolute_url() if campaign else reverse("publications:history")
    return {"tally": tally, "url": attempts_of + query, "remedy": find_remedy(tally.reason, campaign), "where": where}
