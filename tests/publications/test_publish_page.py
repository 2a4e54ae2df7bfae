"""Publishing by hand: the dialog on a campaign and on a code, and the same as a page without scripts."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.staff.models import AuditEntry
from customers.models import Customer
from publications.actions.publish import publish
from publications.models import Publication
from tests.support.factories import (
    STAFF,
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)

pytestmark = pytest.mark.django_db
IN_DIALOG = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "dialog"}
RECIPIENT = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "publish-recipient"}
TOKEN = "8e6c6b0e-8c5c-4e0e-9a3c-0d7d9f6b1a11"


def address(thing) -> str:
    return f"/{'codes' if hasattr(thing, 'code') else 'campaigns'}/{thing.public_id}/publish"


def sent(**fields) -> dict:
    return {"token": TOKEN, "count": "1", "metadata": "", **fields}


def text(answer) -> str:
    html = answer.content.decode().replace("&#x27;", "'").replace("&quot;", '"')
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_a_code_of_the_campaign_is_published_to_the_chosen_customer(signed_in):
    campaign, mara = CampaignFactory(codes=2), CustomerFactory()
    browser = signed_in("Operator")

    answer = browser.post(address(campaign), sent(customer=mara.public_id, metadata='{"order": 1042}'))

    made = Publication.objects.get()
    assert answer.url == f"/publications/{made.public_id}/"
    assert (made.customer, made.campaign, made.voucher_count, made.metadata) == (mara, campaign, 1, {"order": 1042})
    assert (made.channel, made.origin, made.result) == ("Dashboard", "dashboard", "SUCCESS")
    assert (made.actor_kind, made.actor_id, made.actor_label) == ("user", browser.user.pk, browser.user.username)


def test_the_dialog_shows_the_codes_to_be_copied_and_the_way_to_the_publication(signed_in):
    campaign, mara = CampaignFactory(codes=3), CustomerFactory(name="Mara Lindqvist")

    answer = signed_in("Operator").post(address(campaign), sent(customer=mara.public_id, count="3"), **IN_DIALOG)

    codes = list(campaign.vouchers.order_by("pk").values_list("code", flat=True))
    html, made = answer.content.decode(), Publication.objects.get()
    assert re.findall(r'data-copy="([^"]*)" aria-label="Copy', html) == codes
    assert 'data-copy="' + "\n".join(codes) + '"' in html
    assert f'href="/publications/{made.public_id}/"' in html
    assert "3 codes to Mara Lindqvist" in text(answer)


def test_a_customer_is_found_by_source_id_as_well(signed_in):
    campaign, mara = CampaignFactory(codes=1), CustomerFactory(source_id="crm-77")

    signed_in("Operator").post(address(campaign), sent(customer="crm-77"))

    assert Publication.objects.get().customer == mara


def test_a_new_customer_is_created_in_place(signed_in):
    campaign = CampaignFactory(codes=1)
    fields = {"customer": ":new", "name": "Zoe Novak", "email": "zoe@example.com", "source_id": "crm-9"}

    signed_in("Operator").post(address(campaign), sent(**fields))

    zoe = Customer.objects.get()
    assert (zoe.name, zoe.email, zoe.source_id) == ("Zoe Novak", "zoe@example.com", "crm-9")
    assert Publication.objects.get().customer == zoe
    assert AuditEntry.objects.get(action="customer.created").object_id == zoe.public_id


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"customer": ""}, "Choose a customer, or enter the name or e-mail of a new one."),
        ({"customer": "", "count": "51"}, "Ensure this value is less than or equal to 50."),
        ({"customer": "", "count": "0"}, "Ensure this value is greater than or equal to 1."),
        ({"customer": "", "metadata": "[1]"}, "Metadata must be a JSON object"),
        ({"customer": "", "metadata": "{lang: en}"}, "This is not valid JSON"),
        ({"customer": ":new"}, "Enter at least a name, an e-mail or a source ID."),
        ({"customer": ":new", "email": "zoe@"}, "Enter a valid email address."),
        ({"customer": "Nobody Known"}, "There is no customer “Nobody Known” yet."),
        ({"customer": ":new", "name": "a\x00b"}, "Null characters are not allowed."),
    ],
)
def test_a_wrong_entry_comes_back_in_the_dialog_and_publishes_nothing(signed_in, fields, words):
    campaign = CampaignFactory(codes=1)

    answer = signed_in("Operator").post(address(campaign), sent(**fields), **IN_DIALOG)

    assert words in text(answer)
    assert 'name="token" value="' + TOKEN in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert (Publication.objects.count(), Customer.objects.count()) == (0, 0)


def test_what_was_typed_and_is_unknown_becomes_the_new_customers_name_or_email(signed_in):
    campaign, browser = CampaignFactory(codes=1), signed_in("Operator")

    by_name = browser.get(address(campaign), {"customer": "Zoe Novak"}, **RECIPIENT).content.decode()
    by_email = browser.get(address(campaign), {"customer": "zoe@example.com"}, **RECIPIENT).content.decode()

    assert 'name="name" value="Zoe Novak"' in by_name
    assert 'name="email" value="zoe@example.com"' in by_email
    assert by_name.lstrip().startswith('<div id="publish-recipient"')


def test_typed_without_choosing_those_who_may_be_meant_are_offered(signed_in):
    campaign, mara = CampaignFactory(codes=1), CustomerFactory(name="Mara Lindqvist")

    answer = signed_in("Operator").post(address(campaign), sent(customer="mara"))

    assert "Which customer do you mean?" in text(answer)
    assert f'type="radio" name="customer" value="{mara.public_id}"' in answer.content.decode()
    assert Publication.objects.count() == 0


def test_a_chosen_customer_who_holds_a_code_is_warned_of_once(signed_in):
    voucher, mara = VoucherFactory(), CustomerFactory(name="Mara Lindqvist")
    published(voucher, mara)
    campaign = VoucherFactory(campaign=voucher.campaign).campaign
    browser = signed_in("Operator")

    unseen = browser.post(address(campaign), sent(customer=mara.public_id))
    shown = browser.get(address(campaign), {"customer": mara.public_id}, **RECIPIENT)
    browser.post(address(campaign), sent(customer=mara.public_id, seen=mara.public_id))

    assert "Mara Lindqvist already holds a code of this campaign." in text(unseen)
    assert "Mara Lindqvist already holds a code of this campaign." in text(shown)
    assert Publication.objects.filter(customer=mara).count() == 2


def test_others_with_the_same_email_are_told(signed_in):
    mara = CustomerFactory(name="Mara Lindqvist", email="mara@example.com")
    CustomerFactory(name="M. Lindqvist", email="Mara@Example.com", source_id="crm-2")

    shown = signed_in("Operator").get(address(CampaignFactory()), {"customer": mara.public_id}, **RECIPIENT)

    assert "The e-mail mara@example.com is also used by M. Lindqvist (crm-2)." in text(shown)


def test_a_new_customer_with_a_known_email_is_asked_about_first(signed_in):
    campaign, mara = CampaignFactory(codes=1), CustomerFactory(email="mara@example.com")
    browser, new = signed_in("Operator"), {"customer": ":new", "email": "MARA@example.com"}

    asked = browser.post(address(campaign), sent(**new))
    browser.post(address(campaign), sent(**new, seen="MARA@example.com"))

    assert "A customer with this e-mail exists." in text(asked)
    assert f'value="{mara.public_id}"' in asked.content.decode()
    assert Publication.objects.get().customer.email == "MARA@example.com"


def test_a_new_customer_with_a_known_source_id_is_refused(signed_in):
    campaign, mara = CampaignFactory(codes=1), CustomerFactory(name="Mara Lindqvist", source_id="crm-77")

    answer = signed_in("Operator").post(address(campaign), sent(customer=":new", source_id="crm-77"))

    assert "Mara Lindqvist has this source ID." in text(answer)
    assert f'value="{mara.public_id}"' in answer.content.decode()
    assert (Publication.objects.count(), Customer.objects.count()) == (0, 1)


def test_an_empty_pool_is_said_and_the_new_customer_stays_chosen(signed_in):
    campaign, browser = CampaignFactory(), signed_in("Operator")

    refused = browser.post(address(campaign), sent(customer=":new", name="Zoe Novak"), **IN_DIALOG)

    zoe = Customer.objects.get()
    assert "The campaign has too few codes left in its pool." in text(refused)
    assert f'name="customer" value="{zoe.public_id}"' in refused.content.decode()


def test_more_codes_than_there_are_publish_none(signed_in):
    campaign, mara = CampaignFactory(codes=2), CustomerFactory()

    answer = signed_in("Operator").post(address(campaign), sent(customer=mara.public_id, count="3"))

    assert "too few codes left" in text(answer)
    assert campaign.vouchers.filter(published_at=None).count() == 2


def test_a_join_once_campaign_asks_for_no_number_and_gives_the_same_code_again(signed_in):
    campaign, mara = CampaignFactory(codes=2, join_once=True), CustomerFactory(name="Mara Lindqvist")
    earlier = publish(campaign, mara, channel="API", origin="api", by=STAFF)
    browser = signed_in("Operator")

    form = browser.get(address(campaign), {"customer": mara.public_id})
    answer = browser.post(address(campaign), sent(customer=mara.public_id, seen=mara.public_id, count="5"), **IN_DIALOG)

    assert "Each customer gets one code from this campaign." in text(form)
    assert "Mara Lindqvist has already joined this campaign" in text(form)
    assert 'name="count"' not in form.content.decode()
    assert "No second code was published" in text(answer)
    assert earlier.vouchers[0].code in text(answer)
    assert Publication.objects.count() == 1


def test_a_single_code_is_published_from_its_own_page(signed_in):
    voucher, mara = StandaloneVoucherFactory(), CustomerFactory()

    answer = signed_in("Operator").post(address(voucher), sent(customer=mara.public_id))

    made = Publication.objects.get()
    assert answer.url == f"/publications/{made.public_id}/"
    assert (made.customer, list(made.ledger.values_list("voucher", flat=True))) == (mara, [voucher.pk])


def test_a_code_that_cannot_be_published_says_why(signed_in):
    voucher, mara = VoucherFactory(active=False), CustomerFactory()

    answer = signed_in("Operator").post(address(voucher), sent(customer=mara.public_id))

    assert f"Voucher '{voucher.public_id}' is disabled" in text(answer)


def test_an_unpublished_code_is_masked_on_the_way(signed_in):
    voucher = VoucherFactory(code="ROAST-77AB")

    form = signed_in("Manager").get(address(voucher)).content.decode()

    assert "••••••AB" in form
    assert "ROAST-77AB" not in form


def test_looking_at_the_form_writes_nothing(signed_in):
    campaign, browser = CampaignFactory(codes=1), signed_in("Operator")
    browser.get(address(campaign))

    with CaptureQueriesContext(connection) as asked:
        browser.get(address(campaign), {"customer": "somebody new"})

    assert {query["sql"].split()[0] for query in asked} == {"SELECT"}


def test_the_answer_is_kept_by_no_cache(signed_in):
    answer = signed_in("Operator").get(address(CampaignFactory()))

    assert "no-store" in answer["Cache-Control"]


def test_from_a_customers_page_the_campaign_is_chosen_first(signed_in):
    mara, campaign = CustomerFactory(), CampaignFactory(name="Autumn Roast")
    CampaignFactory(name="Spring Beans")

    page = signed_in("Operator").get(f"/customers/{mara.public_id}/publish", {"q": "autumn"}).content.decode()

    assert f'href="{address(campaign)}?customer={mara.public_id}"' in page
    assert "Spring Beans" not in page
