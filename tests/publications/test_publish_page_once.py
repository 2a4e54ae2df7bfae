"""A form of publishing that is sent twice, by a double click or after Back, publishes once."""

import threading

import pytest
from django.db import connection
from django.test import Client

from customers.models import Customer
from publications.actions.release import release
from publications.models import Publication
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, UserFactory

TOKEN = "8e6c6b0e-8c5c-4e0e-9a3c-0d7d9f6b1a11"


def address(campaign) -> str:
    return f"/campaigns/{campaign.public_id}/publish"


@pytest.mark.django_db
def test_sent_again_the_form_shows_what_it_published_before(signed_in):
    campaign, mara = CampaignFactory(codes=9), CustomerFactory()
    browser, form = signed_in("Operator"), {"token": TOKEN, "count": "3", "customer": mara.public_id}

    first, again = (browser.post(address(campaign), form) for _ in range(2))

    assert first.url == again.url
    assert Publication.objects.get().voucher_count == 3
    assert campaign.vouchers.filter(published_at=None).count() == 6


@pytest.mark.django_db
def test_sent_again_the_form_makes_no_second_customer(signed_in):
    campaign = CampaignFactory(codes=9)
    browser, form = signed_in("Operator"), {"token": TOKEN, "count": "1", "customer": ":new", "name": "Zoe Novak"}

    for _ in range(2):
        browser.post(address(campaign), form)

    assert (Publication.objects.count(), Customer.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_after_back_another_customer_gets_nothing_by_the_used_form(signed_in):
    campaign, mara, priya = CampaignFactory(codes=9), CustomerFactory(), CustomerFactory()
    browser, form = signed_in("Operator"), {"token": TOKEN, "count": "1"}

    browser.post(address(campaign), form | {"customer": mara.public_id})
    browser.post(address(campaign), form | {"customer": priya.public_id})

    assert Publication.objects.get().customer == mara


@pytest.mark.django_db
def test_a_form_whose_publication_was_released_publishes_no_more(signed_in):
    campaign, mara = CampaignFactory(codes=9), CustomerFactory()
    browser, form = signed_in("Operator"), {"token": TOKEN, "count": "1", "customer": mara.public_id}
    browser.post(address(campaign), form)
    release(campaign.vouchers.exclude(published_at=None).get(), by=STAFF, reason="Wrong person")

    browser.post(address(campaign), form)

    assert Publication.objects.count() == 1


@pytest.mark.django_db
def test_two_forms_publish_twice(signed_in):
    campaign, mara = CampaignFactory(codes=9), CustomerFactory()
    browser = signed_in("Operator")
    tokens = {browser.get(address(campaign)).context["form"]["token"].value() for _ in range(2)}

    for token in tokens:
        browser.post(
            address(campaign),
            {"token": token, "count": "1", "customer": mara.public_id, "seen": mara.public_id},
        )

    assert Publication.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_eight_presses_at_the_same_moment_publish_once():
    campaign, mara, user = CampaignFactory(codes=50), CustomerFactory(), UserFactory(role="Operator")
    form = {"token": TOKEN, "count": "5", "customer": mara.public_id, "seen": mara.public_id}
    start, answers = threading.Barrier(8), []

    def press():
        browser = Client()
        browser.force_login(user)
        start.wait()
        answers.append(browser.post(address(campaign), form).url)
        connection.close()

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    made = Publication.objects.get()
    assert answers == [f"/publications/{made.public_id}/"] * 8
    assert campaign.vouchers.exclude(published_at=None).count() == 5
