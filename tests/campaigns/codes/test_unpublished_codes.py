"""To a Viewer an unpublished code and one that does not exist are the same, whatever is asked.

To API keys: tests/publications/test_api_masked_codes.py.
"""

import re

import pytest

from publications.actions.release import release
from publications.distributions.actions.advance import advance
from publications.distributions.models import KeptMessage
from publications.redemptions.actions.redeem import redeem
from tests.publications.history.test_history_filter import failed
from tests.support.distributions import running
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db

SECRETS = ["POOLED-11", "RETURNED-11", "DISABLED-11"]
NOTHING = "NOTHING-11"
ASKED = [
    "/search?q={}",
    "/codes/?q={}",
    "/codes/?q={}&status=pool",
    "/campaigns/{campaign}/codes?q={}",
    "/campaigns/{campaign}/?q={}",
    "/publications/?q={}",
    "/publications/?q={}&result=FAILURE",
    "/publications/?q={}&result=RELEASED",
    "/customers/?q={}",
    "/customers/{customer}/?q={}",
    "/messages/?q={}",
    "/distributions/?q={}",
    "/exports/?q={}",
    "/admin/codes/voucher/?q={}",
    "/admin/publications/publication/?q={}",
    "/admin/publications/publishedvoucher/?q={}",
    "/admin/redemptions/redemption/?q={}",
    "/admin/distributions/keptmessage/?q={}",
]


@pytest.fixture
def shelf():
    """One in the pool that was redeemed, one that was released, and one disabled that somebody asked for."""
    campaign, customer = CampaignFactory(name="Coffee"), CustomerFactory(source_id="ada")
    pooled, back, off = (VoucherFactory(code=code, campaign=campaign) for code in SECRETS)
    redeem(pooled, by=STAFF, customer=customer)
    published(back, customer)
    release(back, by=STAFF, reason="Sent back")
    off.active = False
    off.save()
    failed(off, customer=customer)
    return {"campaign": campaign.public_id, "customer": customer.public_id}


def text_of(answer, guess):
    """The answer without what differs between any two: the guess itself, and tokens."""
    page = re.sub(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ?")[^"]+', "", answer.content.decode())
    return answer.status_code, page.replace(guess, "…").replace(guess.lower(), "…")


@pytest.mark.parametrize("address", ASKED)
def test_a_viewer_s_right_guess_is_answered_as_a_wrong_one(shelf, signed_in, address):
    viewer = signed_in("Viewer")

    def ask(guess):
        return text_of(viewer.get(address.format(guess, **shelf), follow=True), guess)

    unknown = ask(NOTHING)
    assert unknown[0] in (200, 404)
    for secret in SECRETS:
        assert ask(secret) == unknown
        assert ask(secret.lower())[0] == unknown[0]


def test_who_sees_published_codes_finds_unpublished_ones_by_all_of_them(shelf, signed_in):
    for address in ("/search?q={}", "/codes/?q={}", "/admin/codes/voucher/?q={}"):
        page = signed_in("Operator").get(address.format("POOLED-11"), follow=True)
        assert "••••••11" in page.content.decode(), address


def test_by_its_id_a_viewer_finds_the_code_masked(shelf, signed_in):
    page = signed_in("Viewer").get("/search", {"q": VoucherFactory(code="OTHER-11").public_id}, follow=True)

    assert "••••••11" in page.content.decode() and "OTHER" not in page.content.decode()


@pytest.mark.parametrize("role", ["Viewer", "Operator", "Manager"])
def test_the_subject_of_a_kept_message_shows_a_code_only_while_it_may_be_seen(signed_in, role, settings):
    settings.EMAIL_BACKEND = "publications.distributions.sending.stored_email_backend.KeepMessages"
    settings.EMAIL_IS_SENT = False
    run = running(1, codes=1, subject="Here: {{ code }}", body="Take {{ code }} https://shop.example/?c={{ code }}")
    advance(run.pk)
    voucher, kept = run.campaign.vouchers.get(), KeptMessage.objects.get()
    pages = [
        "/messages/",
        f"/messages/{kept.pk}/",
        f"/messages/{kept.pk}/html",
        "/admin/distributions/keptmessage/",
        f"/admin/distributions/keptmessage/{kept.pk}/change/",
    ]
    browser = signed_in(role)

    def seen():
        return [voucher.code in browser.get(page).content.decode() for page in pages]

    assert seen() == [role != "Viewer"] * 5
    release(voucher, by=STAFF, reason="Sent back")
    assert seen() == [False] * 5
