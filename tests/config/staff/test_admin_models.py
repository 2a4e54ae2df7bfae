"""Every model of ours is in the admin, with a list and a page that a person can read."""

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse

from campaigns.codes.models import RefusedCode, Voucher
from campaigns.models import Campaign
from config.actor import Actor
from config.staff.audit import record
from tests.support.factories import STAFF, CampaignFactory, StandaloneVoucherFactory
from tests.support.one_of_each import one_of_each

pytestmark = pytest.mark.django_db
OURS = [
    model
    for app in apps.get_app_configs()
    if app.name.split(".")[0] in ("config", "campaigns", "customers", "publications")
    for model in app.get_models()
    if model._meta.managed  # not a view of the database, whose rows are in other tables' lists
]


def changelist(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def administrator(browser) -> None:
    browser.user.is_superuser = True
    browser.user.save()


def tables(browser, query="") -> dict[str, list[str]]:
    """{section: [table, …], …} of the index, read from the page."""
    page = text(browser.get("/admin/", query_params={"q": query} if query else {}))
    sections = re.findall(r"<h2 id=\"section-\d+\">(.*?)</h2>.*?<ul>(.*?)</ul>", page)
    return {title: re.findall(r'<a href="/admin/[^"]+">(.*?)</a>', rows) for title, rows in sections}


def text(answer) -> str:
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def test_every_model_is_registered():
    assert [model._meta.label for model in OURS if model not in admin.site._registry] == []


def test_every_model_has_a_list_and_a_page_that_say_what_a_row_is(signed_in):
    one_of_each()
    manager = signed_in("Manager")
    administrator(manager)

    for model in OURS:
        row = model._default_manager.first()
        assert row is not None, f"tests/support/one_of_each.py makes no {model._meta.label}"
        page = f"{changelist(model)}{row.pk}/change/"
        assert " object (" not in text(manager.get(changelist(model))) + text(manager.get(page)), model._meta.label


def test_a_row_that_was_refused_keeps_its_code_to_itself(signed_in):
    one_of_each()
    manager = signed_in("Manager")
    refused = RefusedCode.objects.get()

    pages = [manager.get(changelist(RefusedCode)), manager.get(f"{changelist(RefusedCode)}{refused.pk}/change/")]

    assert ["AUTUMN-7KQ2" in text(page) for page in pages] == [False, False]
    assert ["••••••Q2" in text(page) for page in pages] == [True, True]


@pytest.mark.parametrize("role", ["Manager", "Viewer"])
def test_numbers_are_written_as_people_write_them(signed_in, role):
    campaign, voucher = CampaignFactory(discount_value="10.5"), StandaloneVoucherFactory(discount_value="20")
    staff = signed_in(role)

    of_campaign = text(staff.get(f"{changelist(Campaign)}{campaign.pk}/change/"))
    of_code = text(staff.get(f"{changelist(Voucher)}{voucher.pk}/change/"))

    assert "10.5" in of_campaign and "10.5000" not in of_campaign
    assert re.search(r"\b20<", of_code) and "20.0000" not in of_code


def test_a_number_that_was_not_changed_is_not_saved(signed_in):
    campaign, staff = CampaignFactory(discount_value="10.5"), signed_in("Manager")
    page = staff.get(f"{changelist(Campaign)}{campaign.pk}/change/")
    form = page.context["adminform"].form

    assert form["discount_value"].value() == "10.5"
    assert 'name="initial-discount_value" value="10.5"' in text(page)


def test_the_front_page_tells_what_one_did_lately(signed_in):
    staff = signed_in("Manager")
    record("campaign.disabled", by=Actor.user(staff.user), object_label="Autumn Roast")
    record("campaign.disabled", by=STAFF, object_label="Spring Beans")

    page = text(staff.get("/admin/"))

    assert "disabled <strong>Autumn Roast</strong>" in page
    assert "Spring Beans" not in page


def test_every_model_has_a_plural_that_reads_well():
    plurals = [model._meta.verbose_name_plural for model in admin.site._registry]

    assert [plural for plural in map(str, plurals) if re.search(r"rss$|[^e]ys$|xs$", plural)] == []


def test_the_index_shows_each_table_once_in_a_section_of_its_own_and_says_what_is_in_it(signed_in):
    staff = signed_in("Manager")
    administrator(staff)

    shown = [table for section in tables(staff).values() for table in section]

    assert len(shown) == len(set(shown)) == len(admin.site._registry)
    assert [model for model, of_model in admin.site._registry.items() if not 10 < len(of_model.about) < 80] == []


def test_internals_are_for_administrators_alone(signed_in):
    manager, boss = signed_in("Manager"), signed_in("Manager")
    administrator(boss)

    assert list(tables(manager)) == [
        "Campaigns and codes", "Customers and segments", "Publications and redemptions", "Distributions",
        "Imports and exports", "Background work", "API and webhooks", "Staff and settings",
    ]  # fmt: skip
    assert list(tables(boss)) == [*tables(manager), "Internals"]
    assert "Outbox" in tables(boss)["Internals"]
    assert manager.get("/admin/events/outbox/").status_code == 403


def test_a_role_sees_only_the_tables_it_may_open(signed_in):
    viewer = signed_in("Viewer")

    assert "Staff and settings" not in tables(viewer)
    assert tables(viewer)["Imports and exports"] == [
        "Code imports", "Customer imports", "Exports", "Publication imports", "Saved views"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (
            "rule",
            {"Distributions": ["Firings", "Rules"], "Staff and settings": ["Alert rules", "Project settings"]},
        ),
        ("REFUSED  codes", {"Imports and exports": ["Refused codes"]}),
        ("published vouchers", {"Publications and redemptions": ["Ledger"]}),
        ("ledger", {"Publications and redemptions": ["Ledger"]}),
        ("<b>nothing", {}),
    ],
)
def test_the_filter_box_finds_tables_by_all_of_its_words(signed_in, query, found):
    staff = signed_in("Manager")

    assert tables(staff, query) == found
    assert ("No table matches" in text(staff.get("/admin/", query_params={"q": query}))) == (not found)
    assert "<b>nothing" not in text(staff.get("/admin/", query_params={"q": query}))


def test_an_address_of_an_app_leads_to_the_one_index(signed_in):
    assert signed_in("Viewer").get("/admin/customers/").url == "/admin/"


def test_a_table_has_the_same_name_on_the_index_above_its_list_and_on_the_way_back_from_a_row(signed_in):
    voucher, manager = StandaloneVoucherFactory(), signed_in("Manager")

    of_list, of_row = (text(manager.get(f"{changelist(Voucher)}{path}")) for path in ("", f"{voucher.pk}/change/"))

    assert "Codes" in tables(manager)["Campaigns and codes"]
    assert "<h1>Codes</h1>" in of_list and '<span aria-current="page">Codes</span>' in of_list
    assert f'<a href="{changelist(Voucher)}">Codes</a>' in of_row
