"""A Manager makes, changes, extends, switches and deletes a campaign in the dashboard; nobody else may."""

import pytest
from django.urls import reverse

from campaigns.codes.actions.extend_pool import fulfil_order, order_codes
from campaigns.codes.models import CodeOrder, Voucher
from campaigns.models import Campaign
from config.staff.models import AuditEntry, ProjectSettings
from publications.actions.publish import publish
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory

pytestmark = pytest.mark.django_db

NEW = {
    "name": "Autumn Roast",
    "kind": "DISCOUNT_COUPONS",
    "discount_type": "PERCENT",
    "discount_value": "12.5",
    "redemption_limit": "1",
    "only_holder": "off",
    "code_length": "8",
    "code_charset": "23456789ABCDEFGHJKLMNPQRSTUVWXYZ",
    "count": "500",
    "active": "on",
}


def page_of(name, campaign, **kwargs):
    return reverse(f"campaigns:{name}", kwargs={"campaign_id": campaign.pk, **kwargs})


def form_of(client, url):
    """What a browser would send back of the page's form, hidden initial values included."""
    form = client.get(url).context["form"]
    sent = {}
    for bound in form:
        value = bound.value()
        shown = bound.field.widget.format_value(value) if value not in (None, "", False) else ""
        if value is True:
            shown = "on"
        sent[bound.html_name] = shown
        if bound.field.show_hidden_initial:
            sent[bound.html_initial_name] = "True" if value is True else shown
    return {name: value for name, value in sent.items() if value not in (None, "")}


def test_a_campaign_is_created_and_its_codes_are_on_their_way(signed_in):
    client = signed_in("Manager")

    answer = client.post("/campaigns/new", NEW | {"activity_duration": "30 days", "metadata": '{"a": 1}'})

    campaign = Campaign.objects.get()
    order = CodeOrder.objects.get()
    assert answer["Location"] == page_of("order", campaign, order_id=order.pk)
    assert (str(campaign.discount_value), campaign.activity_duration, campaign.metadata) == (
        "12.5000",
        "P30D",
        {"a": 1},
    )
    assert (order.total, order.actor_label) == (500, client.user.username)


GIFTS = {"kind": "GIFT_VOUCHERS", "gift_amount": "25"}


REFERRALS = {"kind": "REFERRAL_PROGRAM", "redemption_limit": "1"}


@pytest.mark.parametrize(
    ("typed", "limit"),
    [
        ({}, 1),
        ({"redemption_limit": ""}, None),
        (GIFTS, None),
        (GIFTS | {"gift_limit": "3"}, 3),
        (REFERRALS, None),
        (REFERRALS | {"referral_limit": "3"}, 3),
    ],
)
def test_a_gift_voucher_is_used_until_its_balance_is_0_and_a_referral_code_by_any_number_unless_told(
    signed_in, typed, limit
):
    signed_in("Manager").post("/campaigns/new", NEW | typed)

    assert Campaign.objects.get().redemption_limit == limit


@pytest.mark.parametrize("typed", [{"redemption_limit": "0"}, {"discount_value": "much"}])
def test_what_is_wrong_with_a_field_of_the_other_kind_does_not_matter(signed_in, typed):
    signed_in("Manager").post("/campaigns/new", NEW | GIFTS | typed)

    campaign = Campaign.objects.get()
    assert (campaign.gift_amount, campaign.discount_value, campaign.redemption_limit) == (25, None, None)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "Taken"}, "There is already a campaign called “Taken”."),
        ({"discount_type": ""}, "Choose what the code is worth."),
        ({"discount_value": "101"}, "Enter a percentage above 0 and up to 100."),
        ({"kind": "GIFT_VOUCHERS"}, "Enter an amount above 0."),
        ({"redemption_limit": "1000000001"}, "Enter 1 to 1,000,000,000; leave empty for no limit."),
        (GIFTS | {"gift_limit": "1000000001"}, "Enter 1 to 1,000,000,000; leave empty for no limit."),
        (REFERRALS | {"referral_limit": "1000000001"}, "Enter 1 to 1,000,000,000; leave empty for no limit."),
        (GIFTS | {"gift_limit": "0"}, "Ensure this value is greater than or equal to 1."),
        ({"activity_duration": "soon"}, "Write it as “30 days”"),
        ({"metadata": '{"a": 1,\n}'}, "in line 2"),
        ({"code_charset": "AAB"}, "appears twice"),
        ({"start_date": "2026-05-02T10:00", "expiration_date": "2026-05-01T10:00"}, "must be after the start"),
        (
            {"code_length": "4", "count": "2000000"},
            "32 characters in 4 random positions give 1,048,576 codes; 0 already exist, and 2,000,000 more were requested: "
            "use at least 5 random positions, or more characters.",
        ),
    ],
)
def test_a_wrong_entry_is_said_at_its_field_and_nothing_is_made(signed_in, typed, said):
    CampaignFactory(name="Taken")

    answer = signed_in("Manager").post("/campaigns/new", NEW | typed)

    assert answer.status_code == 200
    assert said in answer.content.decode().replace("&#x27;", "'")
    assert Campaign.objects.count() == 1


def test_the_times_of_the_form_are_those_of_the_project(signed_in):
    ProjectSettings.objects.update_or_create(id=1, defaults={"time_zone": "Europe/Madrid"})

    signed_in("Manager").post("/campaigns/new", NEW | {"start_date": "2026-07-01T10:00"})

    assert Campaign.objects.get().start_date.isoformat() == "2026-07-01T08:00:00+00:00"


def test_the_preview_shows_five_codes_and_the_size_of_the_space(signed_in):
    client = signed_in("Manager")

    part = client.get("/campaigns/preview", {"code_charset": "01", "code_pattern": "A-##########", "code_length": 8})

    preview = part.context["preview"]
    assert len(preview.samples) == 5
    assert all(code.startswith("A-") and len(code) == 12 for code in preview.samples)
    assert "2 characters in 10 random positions give 1,024 codes." in part.content.decode()
    assert "Easy to guess" in part.content.decode()


def test_the_preview_refuses_what_cannot_be(signed_in):
    client = signed_in("Manager")
    configuration = {"code_charset": "01", "code_length": 8}

    too_many = client.get("/campaigns/preview", configuration | {"count": "257"}).content.decode()
    no_pattern = client.get("/campaigns/preview", configuration | {"code_pattern": "ABC"}).content.decode()

    assert "257 more were requested: use at least 9 random positions" in too_many
    assert "Include at least one #" in no_pattern


def test_without_scripts_the_preview_is_a_button(signed_in):
    page = signed_in("Manager").post("/campaigns/new", NEW | {"preview": "1", "code_prefix": "ROAST-"}).content.decode()

    assert "<code>ROAST-" in page
    assert Campaign.objects.count() == 0


def test_settings_write_only_what_this_user_changed(signed_in):
    campaign = CampaignFactory(category="old", activity_duration="P30D", code_pattern="##-##")
    client = signed_in("Manager")
    url = page_of("settings", campaign)
    opened = form_of(client, url)
    Campaign.objects.filter(pk=campaign.pk).update(category="a colleague's")

    answer = client.post(url, opened | {"description": "New\r\nlines"})

    assert answer.status_code == 302, answer.context["form"].errors
    campaign.refresh_from_db()
    assert (campaign.category, campaign.description) == ("a colleague's", "New\nlines")
    assert AuditEntry.objects.get().details == {"texts_changed": ["description"]}


def test_an_untouched_form_changes_nothing(signed_in):
    campaign = CampaignFactory(discount_value="10.5", metadata={"a": [1]}, auto_update=True, reserve=5, join_once=True)
    client = signed_in("Manager")
    url = page_of("settings", campaign)

    answer = client.post(url, form_of(client, url))

    assert answer.status_code == 302, answer.context["form"].errors
    assert AuditEntry.objects.count() == 0


def test_a_campaign_is_disabled_enabled_and_deleted(signed_in):
    campaign = CampaignFactory(name="Autumn")
    client = signed_in("Manager")

    client.post(page_of("disable", campaign))
    assert not Campaign.objects.get().active
    client.post(page_of("enable", campaign))
    assert Campaign.objects.get().active
    assert "This cannot be undone" in client.get(page_of("delete", campaign)).content.decode()
    assert Campaign.objects.live().exists()
    client.post(page_of("delete", campaign))
    assert not Campaign.objects.live().exists()
    assert client.get(page_of("settings", campaign)).status_code == 404


def test_codes_are_added_and_the_order_is_followed_to_its_end(signed_in):
    campaign = CampaignFactory()
    client = signed_in("Manager")
    htmx = {"HX-Request": "true"}

    client.post(page_of("extend", campaign), {"count": "30"})

    order = CodeOrder.objects.get()
    url = page_of("order", campaign, order_id=order.pk)
    assert f'hx-get="{url}"' in client.get(url, headers=htmx).content.decode()
    assert f'hx-get="{url}"' in client.get(page_of("settings", campaign)).content.decode()
    fulfil_order(order.pk)
    part = client.get(url, headers=htmx).content.decode()
    assert "30 codes" in part
    assert "hx-get" not in part
    assert Voucher.objects.count() == 30


def test_too_many_codes_are_refused_with_the_arithmetic(signed_in):
    campaign = CampaignFactory(code_charset="01", code_length=2)

    page = signed_in("Manager").post(page_of("extend", campaign), {"count": "5"}).content.decode()

    assert "2 characters in 2 random positions give 4 codes; 0 already exist, and 5 more were requested" in page
    assert CodeOrder.objects.count() == 0


def test_a_failed_order_is_tried_again_by_a_manager_alone(signed_in):
    order = order_codes(CampaignFactory(), count=5, by=STAFF)
    CodeOrder.objects.update(status="failed", error="No space.")
    url = page_of("order", order.campaign, order_id=order.pk)

    assert "Try again" not in signed_in("Viewer").get(url).content.decode()
    assert signed_in("Operator").post(url).status_code == 403
    assert "Try again" in signed_in("Manager").get(url).content.decode()
    signed_in("Manager").post(url)
    assert CodeOrder.objects.get().status == "queued"


@pytest.mark.parametrize("name", ["settings", "extend", "delete"])
@pytest.mark.parametrize("role", ["Viewer", "Operator", "Exporter"])
def test_only_a_manager_may(signed_in, name, role):
    campaign = CampaignFactory()

    assert signed_in(role).get(page_of(name, campaign)).status_code == 403
    assert signed_in(role).post(page_of(name, campaign)).status_code == 403


def test_a_get_never_writes(signed_in):
    campaign = CampaignFactory(active=False)

    assert signed_in("Manager").get(page_of("enable", campaign)).status_code == 405
    assert not Campaign.objects.get().active
    assert signed_in("Operator").post(page_of("enable", campaign)).status_code == 403


def test_codes_of_ones_own_are_imported_as_the_next_step(signed_in):
    client = signed_in("Manager")

    answer = client.post("/campaigns/new", NEW | {"how": "import", "count": ""})

    campaign = Campaign.objects.get()
    assert answer["Location"] == page_of("import", campaign)
    assert CodeOrder.objects.count() == 0


def test_a_campaign_without_a_number_of_codes_asks_for_it(signed_in):
    page = signed_in("Manager").post("/campaigns/new", NEW | {"count": ""}).content.decode()

    assert "Enter how many codes to generate" in page
    assert Campaign.objects.count() == 0


def test_disabling_asks_first_and_says_what_follows(signed_in):
    client, campaign = signed_in("Manager"), CampaignFactory(codes=2)
    publish(campaign, CustomerFactory(), channel="API", origin="api", by=STAFF)

    page = client.get(page_of("disable", campaign)).content.decode()

    assert "The published code stops working." in page
    assert Campaign.objects.get().active
    client.post(page_of("disable", campaign))
    assert not Campaign.objects.get().active
