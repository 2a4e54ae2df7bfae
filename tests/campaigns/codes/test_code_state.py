"""A code is in one state, and every door says the same: the page, the lists, their filters, the wallet, the CSV file."""

import csv
from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.codes.models import Voucher
from campaigns.codes.state import CODE_STATE, CodeState, state_of_code
from config.actor import SYSTEM
from publications.exports.actions.write_export import make_export_file
from publications.exports.models import Export
from publications.exports.report import order_report
from tests.support.api.calls import Api
from tests.support.factories import (
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()
BEFORE, AFTER = NOW - timedelta(days=1), NOW + timedelta(days=300)


def held(**fields) -> Voucher:
    """A code that a customer holds; `fields` are set afterwards."""
    voucher = VoucherFactory(**{name: fields.pop(name) for name in list(fields) if name.startswith("campaign")})
    published(voucher, customer=CustomerFactory())
    Voucher.objects.filter(pk=voucher.pk).update(**fields)
    return Voucher.objects.select_related("campaign").get(pk=voucher.pk)


def withdrawn(why) -> Voucher:
    return VoucherFactory(withdrawn_at=BEFORE, withdrawn_why=why)


CODES = {
    "in pool": (lambda: VoucherFactory(), CodeState.POOL),
    "standalone": (lambda: StandaloneVoucherFactory(), CodeState.POOL),
    "its own end": (lambda: VoucherFactory(expiration_date=BEFORE), CodeState.EXPIRED),
    "the end of its campaign": (lambda: VoucherFactory(campaign__expiration_date=BEFORE), CodeState.EXPIRED),
    "its own end before its campaign's": (
        lambda: VoucherFactory(campaign__expiration_date=BEFORE, expiration_date=AFTER),
        CodeState.POOL,
    ),
    "disabled": (lambda: VoucherFactory(active=False), CodeState.DISABLED),
    "campaign disabled": (lambda: VoucherFactory(campaign__active=False), CodeState.CAMPAIGN_DISABLED),
    "used": (lambda: withdrawn("used"), CodeState.USED),
    "retired": (lambda: withdrawn("retired"), CodeState.RETIRED),
    "held back": (lambda: withdrawn("held_back"), CodeState.HELD_BACK),
    "published": (lambda: held(), CodeState.REDEEMABLE),
    "published, over": (lambda: held(expiration_date=BEFORE), CodeState.EXPIRED),
    "published, disabled": (lambda: held(active=False), CodeState.DISABLED),
    "published, used up": (lambda: held(redemption_limit=2, redeemed_quantity=2), CodeState.USED_UP),
    "published, some uses left": (lambda: held(redemption_limit=2, redeemed_quantity=1), CodeState.REDEEMABLE),
    "published, no limit": (
        lambda: held(campaign__redemption_limit=None, redeemed_quantity=900),
        CodeState.REDEEMABLE,
    ),
    "published, its campaign's limit": (lambda: held(redeemed_quantity=1), CodeState.USED_UP),
    "published, spent": (
        lambda: held(type="GIFT_VOUCHER", gift_amount=10, redeemed_amount=10, redeemed_quantity=1, redemption_limit=9),
        CodeState.USED_UP,
    ),
    "published, not started": (lambda: held(start_date=AFTER), CodeState.NOT_STARTED),
}


@pytest.fixture(params=CODES)
def case(request):
    make, state = CODES[request.param]
    return Voucher.objects.select_related("campaign").get(pk=make().pk), state


def test_python_and_sql_say_the_same(case):
    voucher, state = case

    assert state_of_code(voucher) == state
    assert Voucher.objects.annotate(state=CODE_STATE).get(pk=voucher.pk).state == state


def test_the_page_the_lists_and_their_filters_say_the_same(case, signed_in):
    voucher, state = case
    client, pill = signed_in("Manager"), f">{state.label}</span>"
    lists = ["/codes/"] + ([f"/campaigns/{voucher.campaign.public_id}/codes"] if voucher.campaign else [])

    assert pill in client.get(f"/codes/{voucher.public_id}/").content.decode()
    for address in lists:
        found = {
            other: client.get(f"{address}?status={other}").content.decode().count("/codes/v_")
            for other in CodeState
            if other not in (CodeState.DELETED, CodeState.CAMPAIGN_DELETED)
        }
        assert {other for other, count in found.items() if count} == {state}
        assert pill in client.get(address).content.decode()


def test_the_wallet_the_publication_and_the_search_say_the_same(case, signed_in):
    voucher, state = case
    holder = voucher.ledger.first()
    if holder is None:
        return
    client, pill = signed_in("Manager"), f">{state.label}</span>"

    assert pill in client.get(f"/customers/{holder.publication.customer.public_id}/").content.decode()
    assert pill in client.get(f"/publications/{holder.publication.public_id}/").content.decode()
    found = client.get("/search", {"q": voucher.code[-5:]}).content.decode()
    assert pill in found and voucher.get_absolute_url() in found


def test_the_csv_file_says_the_same(case):
    voucher, state = case
    export = order_report(Export.Kind.CODES, campaign=voucher.campaign, by=SYSTEM)

    make_export_file(export.pk)

    export.refresh_from_db()
    with export.file.open("rb") as file:
        rows = list(csv.DictReader(file.read().decode("utf-8-sig").splitlines()))
    assert [row["Status"] for row in rows] == [state.label]


def test_a_code_of_a_deleted_campaign_says_so(signed_in):
    voucher = VoucherFactory(campaign=CampaignFactory(deleted_at=NOW))

    assert ">Campaign deleted</span>" in signed_in("Manager").get(f"/codes/{voucher.public_id}/").content.decode()


def test_the_till_and_the_api_say_the_same(case, signed_in):
    """Of a code that nobody holds, the state tells where it is, and not whether it can be redeemed."""
    voucher, state = case
    if voucher.published_at is None:
        return
    till = signed_in("Till").get("/check", {"code": voucher.code}, follow=True).content.decode()
    valid = Api().post("validations", {"redeemables": [{"object": "voucher", "id": voucher.code}]}).json["valid"]

    headline = {CodeState.NOT_STARTED: "Not valid yet"}.get(state, state.label)
    assert f'<h2 id="verdict-heading">{headline}</h2>' in till
    assert valid == (state == CodeState.REDEEMABLE)
