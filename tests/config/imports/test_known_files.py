"""Exports of the systems that people come from go in as they are; what is not recognised is told."""

from datetime import UTC, datetime

import pytest

from campaigns.codes.models import Voucher
from customers.models import Customer
from publications.distributions.models import Unsubscribe
from tests.config.imports.test_import_pages import upload
from tests.support.factories import CampaignFactory, CustomerFactory
from tests.support.imports import counts, imported_codes, imported_customers, queued_customers, refused, sample

pytestmark = pytest.mark.django_db


def unsubscribed():
    return sorted(Unsubscribe.objects.values_list("email", flat=True))


def test_customers_of_shopify():
    done = imported_customers(sample("shopify-customers.csv"))

    customer = Customer.objects.get()
    assert counts(done) == (1, 1, 0, 0)
    assert (customer.source_id, customer.name, customer.phone) == ("9980311896380", "Ada Lovelace", "+573158173380")
    assert customer.address == {
        "line_1": "1 Main St", "city": "London", "state": "LND", "country": "GB", "postal_code": "04616",
    }  # fmt: skip
    assert customer.metadata == {"Tags": "vip"}
    assert unsubscribed() == ["ada@example.com"]
    assert Unsubscribe.objects.get().customer == customer


def test_the_short_file_of_shopify():
    imported_customers(
        "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Phone,Default Address Zip\n"
        "'9980311896380,Ada,Lovelace,ada@example.com,no,'+573158173380,'04616\n"
    )

    customer = Customer.objects.get()
    assert (customer.name, customer.address, customer.metadata) == ("Ada Lovelace", {"postal_code": "04616"}, {})
    assert unsubscribed() == ["ada@example.com"]


def test_yes_to_marketing_never_subscribes_who_unsubscribed_here():
    gone = CustomerFactory(source_id="1", email="gone@example.com")
    Unsubscribe.objects.create(email="gone@example.com", customer=gone)

    imported_customers("Customer ID,Email,Accepts Email Marketing\n1,gone@example.com,yes\n2,new@example.com,yes\n")

    assert unsubscribed() == ["gone@example.com"]


def test_a_consent_that_is_neither_yes_nor_no_is_refused_and_nobody_is_unsubscribed_by_a_refused_row():
    done = imported_customers("Email,Newsletter\na@example.com,perhaps\nnot an address,no\nb@example.com,\n")

    assert [row for row, _ in refused(done)] == [2, 3]
    assert unsubscribed() == []


@pytest.mark.parametrize(
    ("cell", "refuses"),
    [
        ("no", False), ("", False), ("false", False), ("yes", True), ("2016-01-01 10:00:00", True), ("1", True), ("0", False),
        ("unsubscribed", True), ("HARD_BOUNCE", True), ("[]", False), ("subscribed", False),
    ],
)  # fmt: skip
def test_who_is_called_unsubscribed_is(cell, refuses):
    done = imported_customers(f"Email,Name,Unsubscribed\na@example.com,A,{cell}\n")

    assert counts(done) == (1, 1, 0, 0)
    assert unsubscribed() == (["a@example.com"] if refuses else [])


def test_customers_of_mailchimp():
    done = imported_customers(sample("mailchimp-audience.csv"))

    customer = Customer.objects.get()
    assert counts(done) == (1, 1, 0, 0)
    assert (customer.name, customer.description, customer.address) == ("Ada Lovelace", "note", {"line_1": "1 Main St"})
    assert customer.metadata == {"MEMBER_RATING": "2", "TAGS": '"vip"'}
    assert unsubscribed() == ["mail@example.com"]


@pytest.mark.parametrize("name", ["mailchimp-unsubscribed.csv", "mailchimp-cleaned.csv"])
def test_whom_mailchimp_writes_to_no_more_is_unsubscribed(name):
    done = imported_customers(sample(name))

    customer = Customer.objects.get()
    assert counts(done) == (1, 1, 0, 0)
    assert customer.metadata == {"Birthday": "12/25", "MEMBER_RATING": "2", "TAGS": '"vip","coffee"'}
    assert unsubscribed() == [customer.email]


def test_a_list_of_klaviyo_with_all_its_columns():
    done = imported_customers(sample("klaviyo-list.csv"))

    ada = Customer.objects.get(email="Ada@example.com")
    assert counts(done) == (4, 4, 0, 0)
    assert (ada.name, ada.phone, ada.address["line_2"]) == ("Ada Lovelace", "+442079460000", "Flat 2")
    assert ada.metadata == {"Klaviyo ID": "01HADA", "Favourite Roast": "Dark, oily"}
    assert unsubscribed() == ["ben@example.com", "cy@example.com"]


def test_customers_of_klaviyo():
    done = imported_customers(sample("klaviyo-profiles.csv"))

    ada = Customer.objects.get(email="ada@example.com")
    assert counts(done) == (2, 2, 0, 0)
    assert (ada.name, ada.address["state"], ada.address["postal_code"]) == ("Ada Lovelace", "LND", "E1")
    assert unsubscribed() == ["ben@example.com"]


def test_discount_codes_of_shopify():
    done = imported_codes(sample("shopify-discounts.csv"))

    ten, five = Voucher.objects.order_by("pk")
    assert counts(done) == (2, 2, 0, 0)
    assert (ten.code, ten.discount_type, ten.discount_value, ten.redemption_limit) == ("TEN", "PERCENT", 10, 5)
    assert ten.start_date == datetime(2025, 12, 8, 17, 28, 18, tzinfo=UTC)
    assert (five.discount_type, five.discount_value, five.redeemed_quantity) == ("AMOUNT", 5, 2)
    assert five.expiration_date == datetime(2026, 1, 8, 17, 28, 18, tzinfo=UTC)


def test_gift_cards_of_a_shop():
    campaign = CampaignFactory(kind="GIFT_VOUCHERS", gift_amount=10, discount_type=None, discount_value=None)

    done = imported_codes(
        "Id,Code,Customer Name,Email,Initial Value,Current Balance,Currency,Expires On\n"
        "1,GIFT-1,Ada,ada@example.com,50.00,50.00,EUR,2026-12-31\n2,GIFT-2,,,50.00,20.00,EUR,\n",
        campaign,
    )

    first, second = Voucher.objects.order_by("pk")
    assert counts(done) == (2, 2, 0, 0)
    assert [(v.gift_amount, v.metadata, v.withdrawn_why) for v in (first, second)] == [
        (50, None, None),
        (20, None, "used"),
    ]


def test_gift_cards_of_a_shop_without_a_campaign_are_gift_cards():
    done = imported_codes(
        "Code,Initial Value,Balance,Last Characters,Expires On\nGIFT-0001,50.00,20.00,0001,2099-12-31\n"
    )

    card = Voucher.objects.get()
    assert counts(done) == (1, 1, 0, 0)
    assert (card.type, card.gift_amount, card.withdrawn_why) == ("GIFT_VOUCHER", 20, "used")


def test_the_last_characters_of_gift_cards_are_no_codes(signed_in):
    browser = signed_in("Manager")
    campaign = CampaignFactory(kind="GIFT_VOUCHERS", gift_amount=10, discount_type=None, discount_value=None)

    draft = upload(browser, sample("shopify-gift-cards.csv"), f"/campaigns/{campaign.public_id}/import")

    assert "Shopify exports only the last four characters" in browser.get(draft.url).content.decode()
    browser.post(draft.url, {"encoding": "utf-8-sig", "delimiter": ",", "on_error": "KEEP_GOOD", "start": ""})
    assert not Voucher.objects.exists()


def test_a_column_that_looks_like_money_a_date_or_a_consent_and_means_nothing_is_told(signed_in):
    browser = signed_in("Manager")
    url = f"/campaigns/{CampaignFactory().public_id}/import"

    codes = upload(browser, "Code,Face worth,Good till,Region\nA-1,50,2026-12-31,Rome\n", url)
    people = upload(browser, "Email,Marketing wanted,Do not mail\na@example.com,no,x\n", "/customers/import")

    assert [warned.sentence for warned in browser.get(codes.url).context["preview"].warnings] == [
        "“Face worth” looks like an amount of money, but is kept as metadata only. Choose below what it is imported as, if it is that.",
        "“Good till” looks like a date, but is kept as metadata only. Choose below what it is imported as, if it is that.",
    ]
    told = browser.get(people.url).content.decode()
    assert "“Marketing wanted” looks like a consent to marketing" in told
    assert "“Do not mail” looks like a consent to marketing" in told


def test_the_same_file_twice_adds_nobody_twice():
    content = "Email,Name\ntwice@example.com,Ada\n"

    first = imported_customers(content)
    second = imported_customers(content.replace("twice@", "Twice@").replace("Ada", "Ada L"))

    assert (counts(first), counts(second)) == ((1, 1, 0, 0), (1, 0, 1, 0))
    assert Customer.objects.get().name == "Ada L"


def test_rows_are_matched_by_address_only_where_that_is_wanted_and_clear():
    CustomerFactory(source_id="s1", email="one@example.com")
    CustomerFactory(source_id="s2", email="Shared@example.com")
    CustomerFactory(source_id="s3", email="shared@example.com")
    content = "Email\none@example.com\nshared@example.com\nnew@example.com\nNEW@example.com\n"

    off = queued_customers(content, match_by_email=False)
    done = imported_customers(content)
    kept = imported_customers("Email\none@example.com\n", update_existing=False)

    assert off.match_by_email is False
    assert counts(done) == (4, 1, 1, 2)
    assert refused(done) == [
        (3, "Email: belongs to 2 customers, so the row could mean any of them. Give the source ID."),
        (5, "Email: is the same as in row 4. Combine the rows of one customer."),
    ]
    assert refused(kept) == [
        (2, "Email: already belongs to a customer. Choose to update customers, or remove the row.")
    ]
    assert Customer.objects.count() == 4


def test_the_preview_says_who_is_here_already_and_who_will_be_unsubscribed(signed_in):
    CustomerFactory(source_id="s1")
    CustomerFactory(email="known@example.com")
    browser = signed_in("Operator")
    content = "Customer ID,Email,Newsletter\ns1,,no\n,Known@example.com,\n,new@example.com,no\n,other@example.com,yes\n"

    answer = upload(browser, content, "/customers/import")

    assert browser.get(answer.url).context["preview"].notes == [
        "2 rows are customers who are already here (1 matched by e-mail address), and will be updated.",
        "2 rows say no to marketing by e-mail: these addresses will be unsubscribed.",
    ]


def test_doubles_are_counted_before_the_import(signed_in):
    CustomerFactory(email="one@example.com")
    CustomerFactory(email="one@example.com")
    browser = signed_in("Operator")

    answer = upload(browser, "Email\none@example.com\nnew@example.com\nnew@example.com\n", "/customers/import")

    problems = browser.get(answer.url).context["preview"].problems
    assert [(problem.times, problem.rows) for problem in problems] == [(1, [2]), (1, [4])]
