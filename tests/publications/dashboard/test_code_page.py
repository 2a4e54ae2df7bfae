"""The page of one code: what it tells, to whom in clear, and taking the code back."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.codes.actions.switch_code import disable_code
from campaigns.codes.models import Voucher
from config.staff.models import AuditEntry
from publications.actions.publish import publish_code
from publications.actions.release import release
from publications.models import PublishedVoucher
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.actions.roll_back import roll_back
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


def address(voucher, action: str = "") -> str:
    return f"/codes/{voucher.public_id}/{action}"


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html.replace("&#x27;", "'")).split())


def timeline(html: str) -> list[str]:
    lines = re.search(r'<ol class="timeline">(.*?)</ol>', html, re.S).group(1)
    return [text(line) for line in re.findall(r"<p>(.*?)</p>", lines, re.S)]


def test_an_unpublished_code_is_masked_also_for_a_manager(signed_in):
    voucher = VoucherFactory(code="ROAST-77AB")

    page = signed_in("Manager").get(address(voucher)).content.decode()

    assert "••••••AB In pool" in text(page)
    assert "ROAST-77AB" not in page


def test_a_published_code_is_in_clear_and_names_its_holder(signed_in):
    voucher, mara = VoucherFactory(code="ROAST-77AB"), CustomerFactory(name="Mara Lindqvist", email="mara@example.com")
    published(voucher, mara, channel="E-mail")

    page = signed_in("Operator").get(address(voucher)).content.decode()

    assert "ROAST-77AB Redeemable" in text(page)
    assert "Holder Mara Lindqvist" in text(page)
    assert timeline(page) == ["Published to Mara Lindqvist mara@example.com", "Created"]
    assert "E-mail · just now by" in text(page)


def test_a_viewer_sees_a_published_code_masked(signed_in):
    voucher = VoucherFactory(code="ROAST-77AB")
    published(voucher)

    page = signed_in("Viewer").get(address(voucher)).content.decode()

    assert "••••••AB Redeemable" in text(page)
    assert "ROAST-77AB" not in page


def test_the_timeline_tells_publications_releases_failures_and_changes(signed_in):
    voucher, mara, priya = VoucherFactory(), CustomerFactory(name="Mara"), CustomerFactory(name="Priya")
    published(voucher, mara)
    with pytest.raises(PublishRefused):
        publish_code(voucher, priya, channel="API", origin="api", by=STAFF)
    release(voucher, by=STAFF, reason="Sent to the wrong person", back_to_pool=True)
    published(voucher, priya)
    disable_code(voucher, by=STAFF)

    page = signed_in("Operator").get(address(voucher)).content.decode()

    assert timeline(page)[1:] == [
        f"Published to Priya {priya.email}",
        "Released: Sent to the wrong person",
        f"Failed attempt to publish it to Priya {priya.email} : Already published",
        f"Published to Mara {mara.email}",
        "Created",
    ]
    assert timeline(page)[0].startswith("Test Staff disabled")


def test_what_the_code_leaves_open_is_the_campaigns(signed_in):
    campaign = CampaignFactory(discount_value=20, redemption_limit=3, category="Coffee")
    inherits = VoucherFactory(campaign=campaign)
    differs = VoucherFactory(campaign=campaign, redemption_limit=5, category="Tea")
    browser = signed_in("Viewer")

    first, second = (text(browser.get(address(voucher)).content.decode()) for voucher in (inherits, differs))

    assert "Value 20% off" in first and "Redemptions 0 of 3" in first and "Category Coffee" in first
    assert "Value 20% off" in second and "Redemptions 0 of 5" in second and "Category Tea" in second


@pytest.mark.parametrize(
    ("role", "in_pool", "when_published"),
    [
        ("Viewer", set(), set()),
        ("Exporter", set(), set()),
        ("Operator", {"publish"}, set()),
        ("Manager", {"publish", "edit", "disable", "hold-back"}, {"edit", "disable", "release"}),
    ],
)
def test_each_role_is_offered_what_it_may_do(signed_in, role, in_pool, when_published):
    free, given = VoucherFactory(), VoucherFactory()
    published(given)
    browser = signed_in(role)

    def offered(voucher) -> set[str]:
        page = browser.get(address(voucher)).content.decode()
        actions = ("publish", "edit", "enable", "disable", "release", "hold-back", "put-back")
        return {action for action in actions if f'="{address(voucher, action)}"' in page}

    assert (offered(free), offered(given)) == (in_pool, when_published)


def test_a_standalone_code_has_its_page_too(signed_in):
    voucher = StandaloneVoucherFactory(discount_value=10)

    page = text(signed_in("Viewer").get(address(voucher)).content.decode())

    assert "10% off · standalone" in page


def test_a_manager_releases_a_code_with_a_reason(signed_in):
    voucher = VoucherFactory()
    published(voucher)
    browser = signed_in("Manager")

    answer = browser.post(address(voucher, "release"), {"reason": "Sent to the wrong person"})

    assert answer.url == address(voucher)
    row = PublishedVoucher.objects.get()
    assert (row.reason, row.released_by) == ("Sent to the wrong person", browser.user.username)
    assert Voucher.objects.get(pk=voucher.pk).published_at is None
    assert Voucher.objects.get(pk=voucher.pk).withdrawn_why == "retired"
    assert AuditEntry.objects.get(action="code.retired").object_id == voucher.public_id


def test_or_puts_it_back_into_the_pool(signed_in):
    voucher = published().vouchers[0]

    signed_in("Manager").post(address(voucher, "release"), {"reason": "Never sent", "then": "pool"})

    now = Voucher.objects.get(pk=voucher.pk)
    assert (now.published_at, now.withdrawn_why) == (None, None)


def test_the_release_tells_of_redemptions_and_then_offers_no_way_back_into_the_pool(signed_in):
    fresh, used, taken_back = (published().vouchers[0] for _ in range(3))
    redeem(used, by=STAFF)
    roll_back(redeem(taken_back, by=STAFF), by=STAFF)
    browser = signed_in("Manager")

    first, second, third = (
        browser.get(address(voucher, "release")).content.decode() for voucher in (fresh, used, taken_back)
    )

    assert "redeemed" not in first and 'name="then"' in first
    assert "It has been redeemed 1 time" in second and 'name="then"' not in second
    assert "It has been redeemed before." in third and 'name="then"' not in third


def test_a_code_is_held_back_and_put_back_with_a_reason(signed_in):
    voucher, browser = VoucherFactory(), signed_in("Manager")

    browser.post(address(voucher, "hold-back"), {"reason": "For the press"})
    held = browser.get(address(voucher)).content.decode()
    browser.post(address(voucher, "put-back"), {"reason": "The press has others"})
    back = browser.get(address(voucher)).content.decode()

    assert "Held back" in text(held) and ": For the press" in text(held)
    assert f'="{address(voucher, "publish")}"' not in held
    assert "In pool" in text(back) and f'="{address(voucher, "publish")}"' in back


@pytest.mark.parametrize("action", ["hold-back", "put-back"])
def test_only_a_manager_does_and_a_refusal_is_told(signed_in, action):
    voucher = published().vouchers[0]

    assert signed_in("Operator").post(address(voucher, action), {"reason": "So"}).status_code == 403
    page = signed_in("Manager").post(address(voucher, action), {"reason": "So"}).content.decode()

    assert {"hold-back": "cannot be held back", "put-back": "can return to the pool"}[action] in page


def test_the_page_of_a_code_says_why_nobody_is_given_it(signed_in):
    retired, used, left = published().vouchers[0], VoucherFactory(), VoucherFactory(redemption_limit=2)
    release(retired, by=STAFF, reason="Wrong person")
    for voucher in (used, left):
        redeem(voucher, by=STAFF)
    browser = signed_in("Manager")

    pages = [text(browser.get(address(voucher)).content.decode()) for voucher in (retired, used, left)]

    assert "Retired. The code was released on" in pages[0]
    assert "Used up. Nothing is left on the code, so it cannot be published" in pages[1]
    assert "Used. The code has been redeemed before." in pages[2]


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_release_without_a_reason_is_refused(signed_in, reason):
    voucher = VoucherFactory()
    published(voucher)

    page = signed_in("Manager").post(address(voucher, "release"), {"reason": reason}).content.decode()

    assert "Enter why you are releasing the code." in page
    assert PublishedVoucher.objects.get().released_at is None


def test_a_code_that_somebody_released_a_moment_ago_says_so(signed_in):
    voucher = VoucherFactory()

    page = signed_in("Manager").post(address(voucher, "release"), {"reason": "Wrong person"}).content.decode()

    assert "This code is not published, or has just been released." in page


@pytest.mark.parametrize("how_often", [1, 10])
def test_the_page_takes_as_many_queries_however_often_the_code_was_published(signed_in, how_often):
    voucher = VoucherFactory()
    for _ in range(how_often):
        published(voucher)
        release(voucher, by=STAFF, reason="Wrong person", back_to_pool=True)
    browser = signed_in("Operator")
    browser.get(address(voucher))

    with CaptureQueriesContext(connection) as asked:
        assert browser.get(address(voucher)).status_code == 200

    assert len(asked) == 14
