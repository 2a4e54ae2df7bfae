"""What is kept instead of sent, and what a customer was sent, on their pages."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.staff.models import AuditEntry
from publications.distributions.actions.advance import advance
from publications.distributions.models import KeptMessage, Unsubscribe
from tests.support.distributions import running
from tests.support.factories import CustomerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kept(settings):
    settings.EMAIL_BACKEND = "publications.distributions.sending.stored_email_backend.KeepMessages"
    settings.EMAIL_IS_SENT = False


@pytest.fixture
def operator(signed_in):
    return signed_in("Operator")


def finished(customers):
    run = running(customers, codes=10)
    advance(run.pk)
    run.refresh_from_db()
    assert run.status == "done"
    return run


def test_a_run_without_a_mail_server_fills_the_outbox(operator):
    run = finished([CustomerFactory(name="Ada", email="ada@example.com")])

    (message,) = KeptMessage.objects.all()
    listed = operator.get("/messages/").content.decode()
    shown = operator.get(f"/messages/{message.pk}/").content.decode()

    code = run.deliveries.get().publication.ledger.get().voucher.code
    assert (
        "A gift for Ada" in listed
        and "ada@example.com" in listed
        and f'href="/distributions/{run.public_id}/"' in listed
    )
    assert f"Your code: {code}" in shown and "List-Unsubscribe" in shown
    assert f'src="/messages/{message.pk}/html"' in shown
    assert 'href="/messages/"' in operator.get("/distributions/").content.decode()


def test_the_html_is_shown_in_a_frame_that_may_hold_styles_and_nothing_else(operator):
    finished(1)

    answer = operator.get(f"/messages/{KeptMessage.objects.get().pk}/html")

    assert answer["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "Your code:" in answer.content.decode()


def test_messages_are_found_by_the_beginning_of_the_address(operator):
    finished([CustomerFactory(email="ada@example.com"), CustomerFactory(email="ben@example.com")])

    found = [row.record.to for row in operator.get("/messages/?q=AD").context["table"].page]

    assert found == ["ada@example.com"]


def test_a_viewer_sees_neither_codes_nor_the_subjects_that_may_hold_them(signed_in):
    run = running(1, codes=1, subject="Here: {{ code }}")
    advance(run.pk)
    code, key = run.campaign.vouchers.get().code, KeptMessage.objects.get().pk
    viewer = signed_in("Viewer")

    for address in ("/messages/", f"/messages/{key}/", f"/messages/{key}/html"):
        answer = viewer.get(address)
        assert answer.status_code == 200 and code not in answer.content.decode(), address


@pytest.mark.parametrize("how_many", [1, 50])
def test_the_outbox_takes_as_many_queries_for_fifty_as_for_one(operator, how_many):
    KeptMessage.objects.bulk_create(
        KeptMessage(sender="shop@example.com", to=f"{n}@example.com", subject="S", text="T") for n in range(how_many)
    )
    operator.get("/messages/")

    with CaptureQueriesContext(connection) as asked:
        assert operator.get("/messages/").status_code == 200

    assert len(asked) == 7  # and two more where messages hold codes


def test_a_customer_s_page_tells_what_they_were_sent(operator):
    ada = CustomerFactory()
    run = finished([ada])

    shown = operator.get(f"/customers/{ada.public_id}/messages").content.decode()

    assert f'<a href="/distributions/{run.public_id}/">Autumn</a>' in shown
    assert ">Stored, not sent<" in shown


@pytest.mark.parametrize("how_many", [1, 30])
def test_a_customer_s_messages_take_as_many_queries_for_thirty_as_for_one(operator, how_many):
    ada = CustomerFactory()
    for _ in range(how_many):
        run = running([ada], codes=1)
        run.deliveries.create(customer=ada, state="sent")
    operator.get(f"/customers/{ada.public_id}/messages")

    with CaptureQueriesContext(connection) as asked:
        assert operator.get(f"/customers/{ada.public_id}/messages").status_code == 200

    assert len(asked) == 14


def test_staff_take_a_customer_off_all_runs_and_put_them_back(operator):
    ada = CustomerFactory(email="Ada@example.com")
    profile = f"/customers/{ada.public_id}/"

    before = operator.get(profile).content.decode()
    assert operator.post(f"{profile}unsubscribe").url == profile
    again = operator.post(f"{profile}unsubscribe", follow=True).content.decode()

    row = Unsubscribe.objects.get()
    assert (row.email, row.customer, row.actor_id) == ("ada@example.com", ada, operator.user.pk)
    assert "Receives e-mails from distributions." in before and f'action="{profile}unsubscribe"' in before
    assert "was already unsubscribed" in again and f"by {operator.user.get_username()}" in again
    assert "distributions no longer send e-mails to this address" in operator.get(f"{profile}messages").content.decode()

    assert operator.post(f"{profile}resubscribe").url == profile
    assert Unsubscribe.objects.count() == 0
    assert "distributions no longer send" not in operator.get(profile).content.decode()
    log = AuditEntry.objects.filter(object_id=ada.public_id, actor_id=operator.user.pk).order_by("pk")
    assert [entry.action for entry in log] == ["customer.unsubscribed", "customer.resubscribed"]


def test_who_only_reads_sees_the_state_and_no_button(signed_in):
    ada = CustomerFactory(email="ada@example.com")
    viewer = signed_in("Viewer")

    shown = viewer.get(f"/customers/{ada.public_id}/").content.decode()

    assert "Receives e-mails from distributions." in shown and "/unsubscribe" not in shown
    assert viewer.post(f"/customers/{ada.public_id}/unsubscribe").status_code == 403


def test_without_an_address_there_is_nothing_to_take_off(operator):
    ada = CustomerFactory(email="")

    shown = operator.post(f"/customers/{ada.public_id}/unsubscribe", follow=True).content.decode()

    assert "has no e-mail address" in shown and "Receives e-mails" not in shown
    assert Unsubscribe.objects.count() == 0
