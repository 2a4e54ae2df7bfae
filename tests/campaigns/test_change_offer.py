"""A changed offer: for the codes that were given out, too, or for new ones only, as somebody chose in words."""

import threading
import time
from decimal import Decimal

import pytest
from django.db import connection

from campaigns.actions import change_offer
from campaigns.actions.change_campaign import Held, change_campaign
from campaigns.actions.change_offer import ChangeUnderWay, carry_out, change_for_new_ones
from campaigns.actions.keep_offer import hold_codes
from campaigns.check_value import MOST_REDEMPTIONS, InvalidFields
from campaigns.codes.models import Voucher
from campaigns.models import Campaign, OfferChange
from config.staff.models import AuditEntry
from publications.actions.hold_back import hold_back
from publications.actions.publish import publish
from publications.actions.release import release
from publications.redemptions.actions.redeem import redeem
from tests.campaigns.test_campaign_pages import form_of, page_of
from tests.support.api.calls import Api
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory

pytestmark = pytest.mark.django_db
HOW = {"origin": "api", "by": STAFF}
DISCOUNT = ("discount_type", "discount_value", "unit_type")


def given_out(campaign, count=1):
    return publish(campaign, CustomerFactory(), count=count, **HOW).vouchers


def own(voucher, *columns):
    """What the code has for itself."""
    values = Voucher.objects.values_list(*columns).get(pk=voucher.pk)
    return values[0] if len(columns) == 1 else values


def test_codes_that_were_given_out_keep_their_value_and_new_ones_have_the_new_one():
    campaign = CampaignFactory(codes=6, discount_value=10)
    held, retired, own_value = given_out(campaign, 3)
    release(retired, by=STAFF, reason="Wrong person")
    Voucher.objects.filter(pk=own_value.pk).update(discount_type="AMOUNT", discount_value=3)
    waiting, for_later = campaign.vouchers.filter(published_at=None, withdrawn_at=None).order_by("pk")[:2]
    hold_back(for_later, by=STAFF, reason="For the press")

    assert (
        change_for_new_ones(campaign, {"discount_type": "UNIT", "discount_value": 2, "unit_type": "cup"}, by=STAFF)
        is None
    )

    campaign.refresh_from_db()
    assert (campaign.discount_type, campaign.discount_value) == ("UNIT", 2)
    for voucher in (held, retired):
        assert own(voucher, *DISCOUNT) == ("PERCENT", 10, "")
    assert own(own_value, *DISCOUNT) == ("AMOUNT", 3, "")
    for voucher in (waiting, for_later, *given_out(campaign)):
        assert own(voucher, *DISCOUNT) == (None, None, "")
    assert own(held, "redemption_limit") is None  # which did not change
    details = AuditEntry.objects.get(action="campaign.changed").details
    assert details["codes_given_out_before"] == "keep what they were worth"
    assert details["changes"]["unit_type"] == {"from": "", "to": "cup"}


@pytest.mark.parametrize(("before", "kept"), [(3, 3), (None, MOST_REDEMPTIONS)])
def test_the_limit_is_kept_also_where_there_was_none(before, kept):
    campaign = CampaignFactory(codes=1, redemption_limit=before)
    (held,) = given_out(campaign)

    change_for_new_ones(campaign, {"redemption_limit": 1}, by=STAFF)

    assert own(held, "redemption_limit", "discount_type") == (kept, None)
    redeem(held, by=STAFF)
    redeem(held, by=STAFF)


def gifts(amount=50, codes=2):
    return CampaignFactory(
        codes=None,
        kind="GIFT_VOUCHERS",
        discount_type=None,
        discount_value=None,
        gift_amount=amount,
        redemption_limit=None,
    )


def gift_of(campaign, code):
    return Voucher.objects.create(campaign=campaign, code=code, type="GIFT_VOUCHER")


def test_a_gift_amount_is_kept_and_its_balance_with_it():
    campaign = gifts(50)
    gift_of(campaign, "A"), gift_of(campaign, "B")
    (held,) = given_out(campaign)
    redeem(held, amount=Decimal(40), by=STAFF)

    change_for_new_ones(campaign, {"gift_amount": Decimal(20)}, by=STAFF)

    assert own(held, "gift_amount") == 50
    assert own(given_out(campaign)[0], "gift_amount") is None
    assert redeem(Voucher.objects.get(pk=held.pk), amount=Decimal(10), by=STAFF).balance == 0


def test_who_waits_for_the_codes_waits_until_an_autovacuum_is_broken_off():
    """Else, while one goes through millions of codes, an offer could not be changed for minutes."""
    hold_codes()

    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting::int FROM pg_settings WHERE name IN ('lock_timeout', 'deadlock_timeout')")
        milliseconds = dict(cursor.fetchall())
    assert milliseconds["deadlock_timeout"] < milliseconds["lock_timeout"] <= 2_000


def test_a_gift_amount_does_not_fall_below_what_a_code_has_paid():
    campaign = gifts(50)
    gift_of(campaign, "A")
    (held,) = given_out(campaign)
    redeem(held, amount=Decimal("40.50"), by=STAFF)

    with pytest.raises(InvalidFields, match=r"has already paid 40\.50\. Enter 40\.50 or more\."):
        change_campaign(campaign, {"gift_amount": Decimal(40)}, held=Held.ALL, by=STAFF)
    change_campaign(campaign, {"gift_amount": Decimal("40.50")}, held=Held.ALL, by=STAFF)

    answer = Api().put(f"campaigns/{campaign.public_id}", {"gift": {"amount": 4000}})
    assert (answer.status, answer.json["key"]) == (400, "invalid_payload")
    assert "has already paid 40.50" in answer.json["details"]


def test_nobody_changes_the_codes_that_were_given_out_unasked():
    campaign = CampaignFactory(codes=2)
    given_out(campaign)

    with pytest.raises(InvalidFields, match="Codes with this value have been published"):
        change_campaign(campaign, {"discount_value": 20}, by=STAFF)

    change_campaign(campaign, {"redemption_limit": 1, "category": "coffee"}, by=STAFF)  # no other limit than it has
    change_campaign(campaign, {"discount_value": 20}, held=Held.ALL, by=STAFF)
    assert Campaign.objects.get().discount_value == 20


def test_the_api_changes_all_as_voucherifys_does():
    campaign = CampaignFactory(codes=1)
    (held,) = given_out(campaign)

    assert (
        Api().put(f"campaigns/{campaign.public_id}", {"discount": {"type": "PERCENT", "percent_off": 20}}).status == 200
    )

    assert own(held, *DISCOUNT) == (None, None, "")
    assert AuditEntry.objects.get(action="campaign.changed").details["codes_given_out_before"] == "changed too"


@pytest.mark.parametrize(("choice", "kept"), [("new", 10), ("all", None)])
def test_the_form_asks_and_the_codes_timeline_tells(signed_in, choice, kept):
    campaign = CampaignFactory(codes=3)
    held, _ = given_out(campaign, 2)
    client = signed_in("Manager")
    url = page_of("settings", campaign)
    sent = form_of(client, url) | {"discount_value": "25"}
    assert "held" not in sent

    asked = client.post(url, sent)

    assert asked.status_code == 200
    page = asked.content.decode()
    assert "What should happen to the 2 codes already published with the old offer?" in page
    assert "Not saved yet" in page
    assert Campaign.objects.get().discount_value == 10

    again = client.post(url, sent | {"held": "perhaps"})
    assert again.status_code == 200
    assert client.post(url, sent | {"held": choice}).status_code == 302
    assert Campaign.objects.get().discount_value == 25
    assert own(held, "discount_value") == kept
    timeline = client.get(f"/codes/{held.public_id}/").content.decode()
    assert "changed the campaign’s offer" in timeline
    assert "Discount value: 10 → 25" in timeline
    assert timeline.count("10% off") == (2 if kept else 0)  # below its name, and among its details
    assert ("keep what they were worth" if kept else "changed too") in timeline


def test_the_form_does_not_ask_where_nobody_holds_a_code_or_the_offer_stays(signed_in):
    campaign = CampaignFactory(codes=3)
    client = signed_in("Manager")
    url = page_of("settings", campaign)
    assert client.post(url, form_of(client, url) | {"discount_value": "25"}).status_code == 302
    given_out(campaign)
    assert client.post(url, form_of(client, url) | {"category": "coffee"}).status_code == 302


def test_many_codes_are_for_the_worker_which_may_be_killed(signed_in, monkeypatch):
    campaign = CampaignFactory(codes=9)
    held = given_out(campaign, 7)
    monkeypatch.setattr(change_offer, "MOST_AT_ONCE", 5)
    monkeypatch.setattr("campaigns.actions.keep_offer.CHUNK", 3)
    order = change_for_new_ones(campaign, {"discount_value": 25}, by=STAFF)
    assert (order.status, order.total, Campaign.objects.get().discount_value) == ("queued", 7, 10)
    with pytest.raises(ChangeUnderWay):
        change_for_new_ones(campaign, {"discount_value": 30}, by=STAFF)
    page = signed_in("Manager").get(page_of("settings", campaign)).content.decode()
    assert "on the 7 codes published so far" in page

    with monkeypatch.context() as broken:
        broken.setattr(change_offer, "change_patiently", lambda *args, **options: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            carry_out(order.pk)
    assert OfferChange.objects.get().status == "failed"
    assert Campaign.objects.get().discount_value == 10
    OfferChange.objects.update(status="running")  # as a kill leaves it

    carry_out(order.pk)
    carry_out(order.pk)

    order.refresh_from_db()
    assert (order.status, order.done, order.error) == ("done", 7, "")
    assert [own(voucher, "discount_value") for voucher in held] == [10] * 7
    assert Campaign.objects.get().discount_value == 25
    assert AuditEntry.objects.filter(action="campaign.changed").count() == 1


def wait_until(true):
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.django_db(transaction=True)
def test_a_code_that_is_given_out_meanwhile_is_on_one_side_or_the_other():
    """Four threads publish all the time. Who was answered before the change has the old value for good; whose call began
    after it, the new one; and whoever was in between, one of both."""
    campaign = CampaignFactory(codes=5_000)  # the four are quick, and a busy machine may let the change wait
    customer = CustomerFactory()
    given_out(campaign, 5)
    began, ended, go_on = {}, {}, threading.Event()
    changed = threading.Event()
    problems = []

    def publish_on():
        try:
            while not go_on.is_set():
                after = changed.is_set()
                (voucher,) = publish(campaign, customer, **HOW).vouchers
                began[voucher.pk], ended[voucher.pk] = after, not starting.is_set()
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    starting = threading.Event()
    threads = [threading.Thread(target=publish_on) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(ended) >= 40)
    starting.set()
    change_for_new_ones(campaign, {"discount_value": 25}, by=STAFF)
    changed.set()
    wait_until(lambda: problems or sum([*began.values()]) >= 20)
    go_on.set()
    for thread in threads:
        thread.join(60)

    assert problems == []
    values = dict(Voucher.objects.filter(pk__in=ended).values_list("pk", "discount_value"))
    assert {values[key] for key, before in ended.items() if before} == {Decimal(10)}
    assert {values[key] for key, after in began.items() if after} == {None}
    assert set(values.values()) == {Decimal(10), None}
    assert Campaign.objects.get().discount_value == 25
