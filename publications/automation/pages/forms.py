"""The form of a rule: what starts an automatic distribution, and under which conditions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict

from campaigns.codes.queries.find import CampaignNotFound, find_campaign
from campaigns.models import Campaign
from config.staff.pages.widgets import Combobox
from customers.segments.models import Segment
from publications.automation.actions.walk_segments import InvalidCron, next_time
from publications.automation.models import Rule
from publications.automation.schedule_words import DAYS, LAST_OF_EVERY_MONTH, Often, Schedule, from_cron, to_cron

T = Rule.Trigger
NEEDS_SEGMENT = {T.SEGMENT_ENTERED, T.SEGMENT_LEFT, T.SCHEDULE}
MAY_NAME_CAMPAIGN = {
    T.CODE_PUBLISHED, T.CODE_REDEEMED, T.CODE_EXPIRED, T.CODE_RELEASED, T.REDEMPTION_FAILED, T.ROLLED_BACK,
    T.PUBLICATION_FAILED,
}  # fmt: skip
NEEDS_PROGRAM = {T.REFERRER, T.REFEREE}
NEEDS_CAMPAIGN = {T.EXPIRES_SOON, *NEEDS_PROGRAM}
LIMITS = [
    ("", "Every time"),
    ("1 ever", "Once"),
    ("1 day", "At most once every 24 hours"),
    ("1 week", "At most once every 7 days"),
    ("1 month", "At most once every 30 days"),
    ("n", "A limited number of times"),
]
PERIODS = [
    (Rule.Per.EVER.value, "Ever"),
    *((per.value, per.label.removeprefix("in ")) for per in list(Rule.Per)[1:]),
]


class RuleForm(forms.Form):
    """`conditions` (customers/segments/pages/condition_forms.py) stand beside it: those on an event's properties."""

    name = forms.CharField(max_length=200, help_text="Only your team sees this name, such as “Welcome”.")
    trigger = forms.ChoiceField(
        label="Trigger", choices=T.choices, widget=forms.RadioSelect, initial=T.CUSTOMER_CREATED
    )
    segment = forms.ModelChoiceField(Segment.objects.none(), required=False, empty_label="Choose a segment")
    with_those_in_it = forms.BooleanField(label="Include customers already in it when activated", required=False)
    campaign = forms.CharField(
        max_length=255,
        required=False,
        widget=Combobox(url_name="campaigns:suggest", attrs={"placeholder": "Campaign name"}),
    )
    days_before = forms.IntegerField(
        label="Days before its last day",
        min_value=1,
        max_value=365,
        required=False,
        initial=7,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text="The last day of the code, or of its campaign where it has none. Each customer is sent the code they hold, "
        "once. Codes used by then, and codes published later than that, are left out.",
    )
    every = forms.IntegerField(
        label="Every nth referee",
        min_value=1,
        max_value=1000,
        required=False,
        initial=1,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text="1: every referee; 3: every third referee",
    )
    event_name = forms.CharField(
        label="Event name",
        max_length=300,
        required=False,
        help_text="As your shop sends it, such as order_paid.",
    )
    often = forms.ChoiceField(label="How often", choices=Often.choices, required=False, initial=Often.WEEKLY)
    weekday = forms.TypedChoiceField(
        label="On",
        choices=[(number, DAYS[number]) for number in (1, 2, 3, 4, 5, 6, 0)],
        coerce=int,
        empty_value=1,  # type: ignore[arg-type]  # Django takes any value
        required=False,
        initial=1,
    )
    month_day = forms.IntegerField(
        label="Day of the month",
        min_value=1,
        max_value=LAST_OF_EVERY_MONTH,
        required=False,
        initial=1,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=f"1 to {LAST_OF_EVERY_MONTH}, which every month has.",
    )
    at = forms.TimeField(
        label="At",
        required=False,
        initial="08:00",
        widget=forms.TimeInput({"type": "time"}, format="%H:%M"),
        help_text="In the project’s time zone.",
    )
    cron = forms.CharField(
        label="Crontab line",
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"class": "mono", "placeholder": "0 9 * * 1", "spellcheck": "false"}),
        help_text="Minute, hour, day of the month, month and day of the week, in the project’s time zone. "
        "<code>0 9 * * 1</code> is every Monday at 9:00, <code>30 8 1 * *</code> the first of every month at 8:30.",
    )
    only_segment = forms.ModelChoiceField(
        Segment.objects.none(), label="Only customers in", required=False, empty_label="All customers"
    )
    only_holders_of = forms.CharField(
        label="Only holders of a code from",
        max_length=255,
        required=False,
        widget=Combobox(url_name="campaigns:suggest", attrs={"placeholder": "Campaign name"}),
    )
    only_without = forms.CharField(
        label="Only customers without a code from",
        max_length=255,
        required=False,
        widget=Combobox(url_name="campaigns:suggest", attrs={"placeholder": "Campaign name"}),
    )
    limit = forms.ChoiceField(label="Per customer", choices=LIMITS, required=False)
    at_most = forms.IntegerField(
        label="Number of times", min_value=1, max_value=1000, required=False, widget=forms.NumberInput()
    )
    per = forms.ChoiceField(label="Period", choices=PERIODS, required=False)
    all_optional = True

    def __init__(self, data: QueryDict | None = None, *, rule: Rule | None = None, name: str = "") -> None:
        super().__init__(data, initial={"name": name, **(_initial(rule) if rule else {})})
        for field in ("segment", "only_segment"):
            self.fields[field].queryset = Segment.objects.order_by("name", "pk")

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        trigger = cleaned.get("trigger")
        if trigger in NEEDS_SEGMENT and not cleaned.get("segment"):
            self.add_error("segment", "Choose a segment.")
        if trigger == T.EVENT and not cleaned.get("event_name"):
            self.add_error("event_name", "Enter the event’s name.")
        if trigger == T.SCHEDULE:
            self._schedule(cleaned)
        if trigger == T.EXPIRES_SOON:
            self._days_before(cleaned)
        cleaned["found"] = self._campaign(trigger, cleaned.get("campaign", "").strip())
        for field in ("only_holders_of", "only_without"):
            cleaned[field] = self._held(field, cleaned.get(field, "").strip())
        if cleaned["only_without"] and cleaned["only_holders_of"] == cleaned["only_without"]:
            self.add_error("only_without", "No customer can both hold a code of a campaign and hold none.")
        if cleaned.get("limit") == "n" and not cleaned.get("at_most"):
            self.add_error("at_most", "Enter a number.")
        return cleaned

    def _schedule(self, cleaned: dict[str, Any]) -> None:
        """Puts what was chosen in words into `cron`."""
        often = Often(cleaned.get("often") or Often.CRONTAB)
        if often == Often.CRONTAB:
            try:
                next_time(cleaned.get("cron") or "")
            except InvalidCron as wrong:
                self.add_error("cron", str(wrong))
        elif not cleaned.get("at"):
            if "at" not in self.errors:
                self.add_error("at", "Enter a time, such as 08:00.")
        elif "month_day" not in self.errors:
            day = cleaned.get("month_day") or 1
            cleaned["cron"] = to_cron(Schedule(often, cleaned["at"], weekday=cleaned.get("weekday", 1), month_day=day))

    def _days_before(self, cleaned: dict[str, Any]) -> None:
        """At which time of the day is kept as a line of a crontab, as a schedule's is."""
        if not cleaned.get("days_before") and "days_before" not in self.errors:
            self.add_error("days_before", "Enter a number of days.")
        if cleaned.get("at"):
            cleaned["cron"] = to_cron(Schedule(Often.DAILY, cleaned["at"], weekday=1, month_day=1))
        elif "at" not in self.errors:
            self.add_error("at", "Enter a time, such as 08:00.")

    def action(self) -> dict[str, Any]:
        """What the distribution sends, as far as the trigger says so: of codes that expire soon, those codes."""
        if self.cleaned_data["trigger"] != T.EXPIRES_SOON:
            return {"remind": False}
        return {"remind": True, "campaign_id": self.cleaned_data["found"].pk, "codes_each": 1}

    def rule(self) -> dict[str, Any]:
        """The fields of the rule: of what belongs to another trigger, nothing."""
        cleaned, trigger = self.cleaned_data, self.cleaned_data["trigger"]
        at_most, per = _limit(cleaned)
        return {
            "trigger": trigger,
            "segment_id": cleaned["segment"].pk if trigger in NEEDS_SEGMENT else None,
            "with_those_in_it": trigger == T.SEGMENT_ENTERED and cleaned["with_those_in_it"],
            "campaign_id": cleaned["found"].pk if cleaned["found"] else None,
            "event_name": cleaned["event_name"] if trigger == T.EVENT else "",
            "cron": " ".join(cleaned["cron"].split()) if trigger in (T.SCHEDULE, T.EXPIRES_SOON) else "",
            "days_before": cleaned["days_before"] if trigger == T.EXPIRES_SOON else None,
            "every": (cleaned["every"] or 1) if trigger == T.REFERRER else 1,
            "only_segment_id": cleaned["only_segment"].pk if cleaned["only_segment"] else None,
            "only_holders_of_id": cleaned["only_holders_of"].pk if cleaned["only_holders_of"] else None,
            "only_without_id": cleaned["only_without"].pk if cleaned["only_without"] else None,
            "at_most": at_most,
            "per": per,
        }

    def _held(self, field: str, typed: str) -> Campaign | None:
        try:
            return find_campaign(typed) if typed else None
        except CampaignNotFound:
            self.add_error(field, f"There is no campaign “{typed}”.")
            return None

    def _campaign(self, trigger: str | None, typed: str) -> Campaign | None:
        if trigger not in MAY_NAME_CAMPAIGN | NEEDS_CAMPAIGN or (not typed and trigger in MAY_NAME_CAMPAIGN):
            return None
        try:
            found = find_campaign(typed)
        except CampaignNotFound:
            needed = "referral program" if trigger in NEEDS_PROGRAM else "campaign"
            self.add_error("campaign", f"There is no campaign “{typed}”." if typed else f"Choose a {needed}.")
            return None
        if trigger == T.EXPIRES_SOON and found.standalone:
            self.add_error("campaign", "This campaign has a single code. Choose one with a pool.")
        if trigger in NEEDS_PROGRAM and found.kind != Campaign.Kind.REFERRAL_PROGRAM:
            self.add_error("campaign", f"“{found}” is not a referral program.")
        return found


def _initial(rule: Rule) -> dict[str, Any]:
    short = "" if rule.at_most is None else f"{rule.at_most} {rule.per}"
    return {
        "trigger": rule.trigger,
        "segment": rule.segment_id,
        "with_those_in_it": rule.with_those_in_it,
        "campaign": rule.campaign.name if rule.campaign else "",
        "every": rule.every,
        "event_name": rule.event_name,
        "days_before": rule.days_before or 7,
        "cron": rule.cron,
        **(from_cron(rule.cron)._asdict() if rule.cron else {}),
        "only_segment": rule.only_segment_id,
        "only_holders_of": rule.only_holders_of.name if rule.only_holders_of else "",
        "only_without": rule.only_without.name if rule.only_without else "",
        "limit": short if short in dict(LIMITS) else "n",
        "at_most": rule.at_most,
        "per": rule.per,
    }


def _limit(cleaned: dict[str, Any]) -> tuple[int | None, str]:
    match cleaned["limit"]:
        case "":
            return None, Rule.Per.EVER
        case "n":
            return cleaned["at_most"], cleaned["per"] or Rule.Per.EVER
        case short:
            at_most, per = short.split()
            return int(at_most), per
