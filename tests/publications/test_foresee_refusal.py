"""What stands in the way of publishing is said before anybody tries: in the dialog, and on the page."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from publications.actions.publish import publish, publish_code
from publications.queries.foresee_refusal import foresee_refusal, foresee_refusal_of_code
from publications.refusals import PublishRefused
from tests.support.factories import (
    STAFF,
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)

pytestmark = pytest.mark.django_db
YESTERDAY, TOMORROW = (timezone.now() + timedelta(days=days) for days in (-1, 1))
HOW = {"channel": "API", "origin": "api", "by": STAFF}


def said(obstacles) -> list[tuple[str, bool]]:
    return [(obstacle.state, obstacle.refuses) for obstacle in obstacles]


def text(answer) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode().replace("&#x27;", "'")).split())


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"codes": 1}, []),
        ({"auto_update": True}, []),
        ({}, [("No codes", True)]),
        ({"codes": 1, "expiration_date": YESTERDAY, "active": False}, [("Expired", True)]),
        ({"codes": 1, "active": False}, [("Disabled", False)]),
        ({"codes": 1, "start_date": TOMORROW}, [("Not started", False)]),
        ({"active": False}, [("No codes", True), ("Disabled", False)]),
    ],
)
def test_of_a_campaign_what_is_foreseen_happens(fields, expected):
    campaign = CampaignFactory(**fields)

    foreseen = foresee_refusal(campaign)

    assert said(foreseen) == expected
    if any(obstacle.refuses for obstacle in foreseen):
        with pytest.raises(PublishRefused):
            publish(campaign, CustomerFactory(), **HOW)
    else:
        publish(campaign, CustomerFactory(), **HOW)


def test_a_pool_is_empty_once_its_last_code_is_published():
    campaign = CampaignFactory(codes=1)
    publish(campaign, CustomerFactory(), **HOW)

    assert said(foresee_refusal(campaign)) == [("Pool empty", True)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"active": False}, [("Disabled", True)]),
        ({"expiration_date": YESTERDAY}, [("Expired", True)]),
        ({"campaign__expiration_date": YESTERDAY}, [("Expired", True)]),
        ({"start_date": TOMORROW}, [("Not started", False)]),
        ({"campaign__active": False}, [("Disabled", False)]),
        ({"campaign__start_date": TOMORROW}, [("Not started", False)]),
    ],
)
def test_of_a_code_what_is_foreseen_happens(fields, expected):
    voucher = VoucherFactory(**fields)

    foreseen = foresee_refusal_of_code(voucher)

    assert said(foreseen) == expected
    if any(obstacle.refuses for obstacle in foreseen):
        with pytest.raises(PublishRefused):
            publish_code(voucher, CustomerFactory(), **HOW)
    else:
        publish_code(voucher, CustomerFactory(), **HOW)


def test_of_codes_that_are_taken_or_stand_alone():
    taken, alone = VoucherFactory(), StandaloneVoucherFactory()
    published(taken)
    taken.refresh_from_db()

    assert said(foresee_refusal_of_code(taken)) == [("Published", True)]
    assert foresee_refusal_of_code(alone) == []


def test_what_is_in_vain_is_not_asked_for_and_a_manager_is_led_to_what_helps(signed_in):
    campaign = CampaignFactory(codes=1, expiration_date=YESTERDAY)

    manager = signed_in("Manager").get(f"/campaigns/{campaign.public_id}/publish")
    operator = signed_in("Operator").get(f"/campaigns/{campaign.public_id}/publish")

    assert "Expired. The campaign ended on" in text(manager)
    assert f'<a class="btn small" href="/campaigns/{campaign.public_id}/settings"' in manager.content.decode()
    assert "Ask a Manager to change that." in text(operator)
    for answer in (manager, operator):
        assert 'name="customer"' not in answer.content.decode()


def test_what_works_but_is_of_no_use_yet_is_told_above_the_form(signed_in):
    campaign = CampaignFactory(codes=1, active=False)

    answer = signed_in("Operator").get(f"/campaigns/{campaign.public_id}/publish")

    assert "Disabled. The campaign is disabled: you can publish codes, but they cannot be redeemed" in text(answer)
    assert 'name="customer"' in answer.content.decode()


def test_who_joined_once_is_shown_their_code_also_from_an_empty_pool(signed_in):
    campaign = CampaignFactory(codes=1, join_once=True)
    publish(campaign, CustomerFactory(), **HOW)

    answer = signed_in("Operator").get(f"/campaigns/{campaign.public_id}/publish")

    assert "Pool empty." in text(answer)
    assert 'name="customer"' in answer.content.decode()


def test_the_pages_of_campaign_and_code_tell_it_as_well(signed_in):
    voucher = VoucherFactory(campaign__expiration_date=YESTERDAY)
    empty = CampaignFactory(codes=1)
    publish(empty, CustomerFactory(), **HOW)
    browser = signed_in("Viewer")

    campaign_page = text(browser.get(f"/campaigns/{voucher.campaign.public_id}/"))
    code_page = text(browser.get(f"/codes/{voucher.public_id}/"))
    empty_page = text(browser.get(f"/campaigns/{empty.public_id}/"))
    listed = text(browser.get("/campaigns/"))

    assert "Expired. The campaign ended on" in campaign_page
    assert "Expired. Its campaign ended on" in code_page
    assert f"{empty.name} Live Pool empty" in empty_page
    assert "Pool empty · 0 left of 1" in listed
    assert "left of 1" in listed.replace("Pool empty · 0 left of 1", "")  # the expired one is not called empty


def test_where_a_campaign_is_chosen_for_a_customer_an_empty_one_is_marked(signed_in):
    empty = CampaignFactory(name="Empty", codes=1)
    CampaignFactory(name="Full", codes=1)
    publish(empty, CustomerFactory(), **HOW)
    mara = CustomerFactory()

    answer = signed_in("Operator").get(f"/customers/{mara.public_id}/publish")

    assert "Full 10% off Live" in text(answer)
    assert "Empty 10% off Pool empty" in text(answer)
