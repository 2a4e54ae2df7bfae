"""Campaigns and codes in Django's admin: looked at by all, changed by the verbs alone."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.codes.models import CodeOrder, Voucher
from campaigns.models import Campaign
from config.staff.models import AuditEntry
from tests.support.factories import CampaignFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db
CAMPAIGNS = "/admin/campaigns/campaign/"
CODES = "/admin/codes/voucher/"
ORDERS = "/admin/codes/codeorder/"


def change_page(campaign):
    return reverse("admin:campaigns_campaign_change", args=[campaign.pk])


def sent_back(client, campaign):
    """What a browser sends of the untouched form, hidden initial values included."""
    form = client.get(change_page(campaign)).context["adminform"].form
    sent = {}
    for bound in form:
        widget = bound.field.widget
        for name, value in ((bound.html_name, bound.value()), (bound.html_initial_name, bound.value())):
            context = widget.get_context(name, value, {})["widget"]
            for part in context.get("subwidgets", [context]):
                if part.get("type") == "checkbox" and not value:
                    continue
                sent[part["name"]] = "on" if part.get("type") == "checkbox" else (part["value"] or "")
    return sent


def act(client, url, action, *rows):
    return client.post(url, {"action": action, "_selected_action": [row.pk for row in rows]}, follow=True)


@pytest.mark.django_db(transaction=True)
def test_codes_are_masked_as_everywhere(signed_in):
    published(VoucherFactory(code="ROAST-PUBLISHED"))
    VoucherFactory(code="ROAST-POOLED")

    for role, seen in (("Manager", True), ("Operator", True), ("Viewer", False)):
        page = signed_in(role).get(CODES).content.decode()
        assert ("ROAST-PUBLISHED" in page) is seen
        assert "ROAST-POOLED" not in page


def test_a_code_cannot_be_saved_added_or_deleted(signed_in):
    voucher = VoucherFactory(code="ROAST-POOLED")
    client = signed_in("Manager")
    url = reverse("admin:codes_voucher_change", args=[voucher.pk])

    assert client.post(url, {"active": ""}).status_code == 403
    assert client.get(CODES + "add/").status_code == 403
    assert client.post(reverse("admin:codes_voucher_delete", args=[voucher.pk])).status_code == 403
    page = client.get(url).content.decode()
    assert "ROAST-POOLED" not in page
    assert "••••••ED" in page


def test_codes_are_switched_by_the_verb(signed_in):
    first, second = VoucherFactory(), VoucherFactory(active=False)

    act(signed_in("Manager"), CODES, "disable", first, second)

    assert not Voucher.objects.filter(active=True).exists()
    assert AuditEntry.objects.get().action == "code.disabled"
    act(signed_in("Operator"), CODES, "enable", first)
    assert not Voucher.objects.filter(active=True).exists()


def test_one_code_or_campaign_is_published_from_the_dashboards_form(signed_in):
    voucher = VoucherFactory()
    client = signed_in("Operator")

    to_code = act(client, CODES, "publish", voucher).redirect_chain
    to_campaign = act(client, CAMPAIGNS, "publish", voucher.campaign).redirect_chain

    assert to_code[0][0] == reverse("publications:publish-code", kwargs={"voucher_id": voucher.pk})
    assert to_campaign[0][0] == reverse("publications:publish", kwargs={"campaign_id": voucher.campaign_id})
    assert "Select one code" in act(client, CODES, "publish", voucher, VoucherFactory()).content.decode()


def test_the_search_of_codes_does_not_reveal_unpublished_ones(signed_in):
    voucher = VoucherFactory(code="ROAST-POOLED")
    client = signed_in("Manager")

    def finds(text):
        return voucher in client.get(CODES, {"q": text}).context["cl"].result_list

    assert finds("ROAST-POOLED") and finds(voucher.public_id)
    assert not finds("ROAST-POOLE")


def test_a_campaign_is_changed_by_the_verb(signed_in):
    campaign = CampaignFactory(name="Autumn", discount_value="10.5", activity_duration="P30D")
    client = signed_in("Manager")
    sent = sent_back(client, campaign)
    Campaign.objects.update(category="a colleague's")

    client.post(change_page(campaign), sent | {"description": "New"})

    campaign.refresh_from_db()
    assert (campaign.description, campaign.category, campaign.pool_version) == ("New", "a colleague's", 1)
    assert AuditEntry.objects.get().details == {"texts_changed": ["description"]}


def test_what_the_verb_refuses_stands_at_the_field(signed_in):
    campaign = CampaignFactory()
    client = signed_in("Manager")

    answer = client.post(change_page(campaign), sent_back(client, campaign) | {"code_charset": "AA"})

    assert list(answer.context["adminform"].form.errors) == ["code_charset"]
    assert AuditEntry.objects.count() == 0


def test_campaigns_are_switched_and_found(signed_in):
    campaign = CampaignFactory(name="Autumn Roast")
    CampaignFactory(name="Deleted", deleted_at="2026-01-01T00:00Z")
    client = signed_in("Manager")

    act(client, CAMPAIGNS, "disable", campaign)

    assert not Campaign.objects.live().get().active
    assert AuditEntry.objects.get().action == "campaign.disabled"
    assert list(client.get(CAMPAIGNS, {"q": "roast"}).context["cl"].result_list) == [campaign]


def test_a_failed_order_is_tried_again(signed_in):
    order = CodeOrder.objects.create(campaign=CampaignFactory(), total=5, status="failed")

    act(signed_in("Operator"), ORDERS, "retry", order)
    assert CodeOrder.objects.get().status == "failed"
    act(signed_in("Manager"), ORDERS, "retry", order)
    assert CodeOrder.objects.get().status == "queued"


@pytest.mark.parametrize(("url", "cost"), [(CAMPAIGNS, 8), (CODES, 7), (ORDERS, 7)])
@pytest.mark.parametrize("rows", [1, 50])
def test_each_list_costs_the_same_for_1_and_50_rows(signed_in, url, cost, rows):
    for _ in range(rows):
        voucher = VoucherFactory()
        CodeOrder.objects.create(campaign=voucher.campaign, total=5)
    client = signed_in("Viewer")

    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200

    assert len(queries) == cost
