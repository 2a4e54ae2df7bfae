"""Every model of ours is in the admin, with a list and a page that a person can read."""

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse

from campaigns.models import Campaign, RefusedCode, Voucher
from config.actor import Actor
from config.audit import record
from tests.factories import STAFF, CampaignFactory, StandaloneVoucherFactory
from tests.one_of_each import one_of_each

pytestmark = pytest.mark.django_db
OURS = [
    model
    for label in ("config", "campaigns", "customers", "publications")
    for model in apps.get_app_config(label).get_models()
]


def changelist(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def text(answer) -> str:
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def test_every_model_is_registered():
    assert [model._meta.label for model in OURS if model not in admin.site._registry] == []


def test_every_model_has_a_list_and_a_page_that_say_what_a_row_is(signed_in):
    one_of_each()
    manager = signed_in("Manager")

    for model in OURS:
        row = model._default_manager.first()
        assert row is not None, f"tests/one_of_each.py makes no {model._meta.label}"
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
