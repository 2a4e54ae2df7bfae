"""The pages of webhooks: addresses added, looked at, paused, and what was sent there."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.staff.models import AuditEntry
from publications.actions.release import release
from publications.dashboard.drain_outbox import drain_outbox
from publications.webhooks.actions.pause_address import pause_failing
from publications.webhooks.models import WebhookAddress, WebhookDelivery
from tests.support.factories import STAFF, CustomerFactory, VoucherFactory, published
from tests.support.webhooks import SHOP, a_delivery, listening, listening_to_main

pytestmark = pytest.mark.django_db
LIST = "/settings/webhooks/"


@pytest.fixture
def manager(signed_in):
    return signed_in("Manager")


def page_of(thing: WebhookAddress | WebhookDelivery) -> str:
    if isinstance(thing, WebhookDelivery):
        return f"{page_of(thing.address)}deliveries/{thing.pk}/"
    return f"{LIST}{thing.public_id}/"


def delivered(address: WebhookAddress, **changes) -> WebhookDelivery:
    delivery = a_delivery(address)
    at = "2026-11-24T07:00:00.000Z"
    log = [
        {"at": at, "status": 500, "error": "It responded with 500.", "ms": 12},
        {"at": at, "status": 200, "error": "", "ms": 9},
    ]
    WebhookDelivery.objects.filter(pk=delivery.pk).update(
        **{"status": "delivered", "next_attempt_at": None, "attempts": 2, "answer_status": 200, "log": log, **changes}
    )
    delivery.refresh_from_db()
    return delivery


def test_without_an_address_the_list_says_what_to_do(manager):
    page = manager.get(LIST).content.decode()

    assert "No webhooks yet" in page
    assert f'href="{LIST}new"' in page


def test_an_address_is_added_with_a_secret_of_its_own(manager):
    answer = manager.post(f"{LIST}new", {"url": f"{SHOP}?token=abc", "events": ["publication.succeeded"]})

    address = WebhookAddress.objects.get()
    assert answer.url == page_of(address)
    assert (address.url, address.events, address.paused_at) == (f"{SHOP}?token=abc", ["publication.succeeded"], None)
    assert len(address.secret) == 64
    assert address.actor_id == manager.user.pk
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id, entry.object_label) == ("webhook.created", address.public_id, SHOP)
    assert "abc" not in str(vars(entry)) and address.secret not in str(vars(entry))


@pytest.mark.parametrize(
    "fields, errors",
    [
        (
            {"url": "http://127.0.0.1/"},
            {"url": "127.0.0.1 is a private address. The setting WEBHOOKS_MAY_BE_PRIVATE allows it."},
        ),
        ({"url": ""}, {"url": "This field is required."}),
        ({"events": []}, {"events": "Select at least one event."}),
        (
            {"url": "https://taken.example.com/"},
            {"url": "There is already a webhook for this URL. Edit its events instead."},
        ),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(manager, fields, errors):
    listening("https://taken.example.com/")

    answer = manager.post(f"{LIST}new", {"url": SHOP, "events": ["publication.succeeded"], **fields})

    assert answer.context["form"].errors == {field: [error] for field, error in errors.items()}
    assert WebhookAddress.objects.count() == 1


def test_an_address_of_a_deleted_webhook_may_be_added_again(manager):
    manager.post(f"{page_of(listening())}delete")

    manager.post(f"{LIST}new", {"url": SHOP, "events": ["voucher.redeemed"]})

    assert WebhookAddress.objects.live().get().events == ["voucher.redeemed"]


def test_the_list_shows_status_and_last_delivery(manager):
    listening("https://new.example.com/hook")
    delivered(listening("https://shop.example.com/hook?token=abc"))
    failing = listening("https://crm.example.com/hook", "voucher.redeemed")
    pause_failing(failing, after="It responded with 500.")

    page = manager.get(LIST).content.decode()

    assert "token=abc" not in page
    rows = {row.record.url: row.record for row in manager.get(LIST).context["table"].page}
    assert rows["https://shop.example.com/hook?token=abc"].latest_status == "delivered"
    assert rows["https://new.example.com/hook"].latest_status == "waiting"  # told of the publication, too
    assert rows["https://crm.example.com/hook"].latest_status is None
    assert page.count(">Paused<") == 1


@pytest.mark.parametrize("how_many", [1, 50])
def test_the_list_takes_four_queries_more_than_the_frame(manager, how_many):
    for number in range(how_many):
        listening(f"https://shop{number}.example.com/")
    published()
    drain_outbox()

    with CaptureQueriesContext(connection) as asked:
        assert manager.get(LIST).status_code == 200

    assert len(asked) == 7  # session, user, project, two for permissions; count, addresses


@pytest.mark.parametrize("how_many", [1, 50])
def test_the_page_of_an_address_takes_as_many_queries_for_fifty_deliveries_as_for_one(manager, how_many):
    address = listening()
    for _ in range(how_many):
        delivered(address)

    with CaptureQueriesContext(connection) as asked:
        assert manager.get(page_of(address)).status_code == 200

    assert len(asked) == 10  # session, user, project, two for permissions; address, count, deliveries, waiting, failed
    assert not [query for query in asked if '"body"' in query["sql"]]  # bodies are long, and read one by one


def test_the_page_of_an_address_shows_what_the_receiver_needs(manager):
    address = listening_to_main()

    answer = manager.get(page_of(address))

    page = answer.content.decode()
    assert page.count(f'data-copy="{address.secret}"') == 1
    assert "x-voucherify-signature" in page
    assert "Nothing has been sent yet" in page
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(("minutes", "told"), [(5, True), (-5, False)])
def test_a_rest_is_told_as_long_as_it_lasts(manager, minutes, told):
    address = listening_to_main()
    a_delivery(address)
    WebhookAddress.objects.update(rests_until=timezone.now() + timedelta(minutes=minutes))

    page = manager.get(page_of(address)).content.decode()

    assert ("No response; next attempt" in page) == told


def test_deliveries_are_filtered_by_status_and_event(manager):
    address = listening_to_main()
    failed = delivered(address, status="failed", error="It responded with 500.")
    delivered(address)
    other = delivered(address, kind="voucher.redeemed")

    def shown(**filters) -> list[int]:
        return [row.record.pk for row in manager.get(page_of(address), filters).context["table"].page]

    assert shown(status="failed") == [failed.pk]
    assert shown(kind="voucher.redeemed") == [other.pk]
    assert shown(kind="voucher.redeemed", status="waiting") == []
    assert shown(status="nonsense") == shown()


def test_a_row_opens_to_what_was_sent_and_answered(manager):
    delivery = delivered(listening(), answer_body='{"ok": true}')
    row, url = f"delivery-{delivery.pk}", page_of(delivery)

    listed = manager.get(page_of(delivery.address)).content.decode()
    part = manager.get(url, headers={"HX-Request": "true", "HX-Target": row}).content.decode()
    page = manager.get(url).content.decode()

    assert f'<div id="{row}" hx-get="{url}" hx-trigger="intersect once"' in listed
    assert "<html" not in part and "<html" in page
    for html in (part, page):
        assert "&quot;type&quot;: &quot;publication.succeeded&quot;" in html
        assert "{&quot;ok&quot;: true}" in html
        assert html.index("Responded 200") < html.index("It responded with 500.")
        assert "Send again" in html
        assert "load delay" not in html


def test_a_delivery_that_was_not_tried_yet_is_asked_for_again(manager):
    delivery = a_delivery(listening())

    assert 'hx-trigger="every 1s"' in manager.get(page_of(delivery)).content.decode()


def test_a_code_that_is_unpublished_now_is_masked(manager):
    """It was released, and can be given to somebody else."""
    voucher = VoucherFactory(code="SUMMER-2026-ÄB")
    kept = VoucherFactory(code="KEPT-2026", campaign=voucher.campaign)
    address = listening()
    published(voucher, CustomerFactory())
    published(kept, CustomerFactory())
    drain_outbox()
    WebhookDelivery.objects.update(answer_body="got SUMMER-2026-ÄB")
    release(voucher, by=STAFF, reason="Sent to the wrong person")

    released, other = (
        manager.get(page_of(delivery)).content.decode() for delivery in address.deliveries.order_by("pk")
    )

    assert "SUMMER-2026" not in released
    assert "KEPT-2026" in other


def test_sending_again_is_one_press(manager):
    delivery = delivered(listening(), status="failed")

    answer = manager.post(f"{page_of(delivery)}again")

    delivery.refresh_from_db()
    assert answer.url == page_of(delivery)
    assert (delivery.status, delivery.attempts) == ("waiting", 0)
    assert AuditEntry.objects.latest("pk").action == "webhook.sent_again"


def test_a_test_leads_to_the_page_that_shows_how_it_goes(manager):
    address = listening()

    answer = manager.post(f"{page_of(address)}test")

    delivery = WebhookDelivery.objects.get()
    assert answer.url == page_of(delivery)
    assert (delivery.kind, delivery.status) == ("webhook.test", "waiting")


def test_all_that_failed_is_offered_to_be_sent_again(manager):
    address = listening()
    for _ in range(2):
        delivered(address, status="failed")

    page = manager.get(page_of(address)).content.decode()
    manager.post(f"{page_of(address)}retry")

    assert "2 deliveries failed permanently" in page
    assert "failed permanently" not in manager.get(page_of(address)).content.decode()
    assert address.deliveries.filter(status="waiting").count() == 2


def test_a_paused_address_says_why_and_is_resumed_there_and_a_manager_reads_it_on_the_first_page(manager, signed_in):
    published()
    address = listening()
    pause_failing(address, after="It responded with 500.")

    first_page, page = manager.get("/").content.decode(), manager.get(page_of(address)).content.decode()
    of_operator = signed_in("Operator").get("/").content.decode()
    manager.post(f"{page_of(address)}resume")

    banner = f"The webhook to {SHOP} is paused"
    assert banner in first_page and banner not in of_operator
    assert "because it kept failing" in page and "It responded with 500." in page
    assert banner not in manager.get("/").content.decode()
    assert WebhookAddress.objects.get().paused_at is None


def test_pausing_by_hand_is_no_alarm(manager):
    published()
    address = listening()

    manager.post(f"{page_of(address)}pause")

    assert "is paused" not in manager.get("/").content.decode()
    assert "Resume" in manager.get(page_of(address)).content.decode()


def test_changes_are_audited_without_what_may_be_secret(manager):
    address = listening(f"{SHOP}?token=old")

    manager.post(f"{page_of(address)}edit", {"url": f"{SHOP}?token=new", "events": ["voucher.redeemed"]})
    manager.post(f"{page_of(address)}edit", {"url": f"{SHOP}?token=new", "events": ["voucher.redeemed"]})

    address.refresh_from_db()
    assert (address.url, address.events) == (f"{SHOP}?token=new", ["voucher.redeemed"])
    entry = AuditEntry.objects.get(action="webhook.changed")
    assert entry.details["changes"] == {
        "url": {"from": SHOP, "to": SHOP},
        "events": {"from": ["publication.succeeded"], "to": ["voucher.redeemed"]},
    }


def test_a_new_secret_is_drawn_after_a_question(manager):
    address = listening()

    question = manager.get(f"{page_of(address)}secret")
    before = WebhookAddress.objects.get().secret
    manager.post(f"{page_of(address)}secret")

    assert "Generate new secret" in question.content.decode()
    assert before == address.secret != WebhookAddress.objects.get().secret
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.details) == ("webhook.secret_drawn", {})


def test_a_deleted_address_is_gone_with_its_pages(manager):
    delivery = delivered(listening())

    answer = manager.post(f"{page_of(delivery.address)}delete")

    assert answer.url == LIST
    assert "No webhooks yet" in manager.get(LIST).content.decode()
    assert manager.get(page_of(delivery.address)).status_code == 404
    assert manager.get(page_of(delivery)).status_code == 404
    assert AuditEntry.objects.latest("pk").action == "webhook.deleted"


def test_the_secret_is_not_in_the_admin(manager):
    address = listening()

    page = manager.get(f"/admin/webhooks/webhookaddress/{address.pk}/change/").content.decode()

    assert address.public_id in page
    assert address.secret not in page
