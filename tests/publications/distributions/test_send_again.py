"""A code is sent once more to who holds it: the same code, by the template it came with or a plain one."""

import pytest
from django.core import mail

from config.staff.models import AuditEntry
from publications.actions.release import release
from publications.distributions.models import Delivery, Distribution
from publications.models import PublishedVoucher
from tests.support.factories import STAFF, CustomerFactory, StandaloneVoucherFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mail_server(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def mara():
    return CustomerFactory(name="Mara Lindqvist", email="mara@example.com")


def address(publication):
    return f"/publications/{publication.public_id}/send-again"


@pytest.mark.parametrize("factory", [VoucherFactory, StandaloneVoucherFactory])
def test_the_code_that_somebody_holds_is_sent_in_plain_words(signed_in, mara, factory):
    publication = published(factory(code="ROAST-77AB"), mara)
    operator = signed_in("Operator")
    assert "ROAST-77AB" in operator.get(address(publication)).content.decode()
    assert mail.outbox == []

    operator.post(address(publication))

    (message,) = mail.outbox
    assert message.to == ["mara@example.com"]
    assert message.body.count("ROAST-77AB") == 1
    assert "10% off" in message.body
    assert PublishedVoucher.objects.count() == 1
    entry = AuditEntry.objects.get(action="code.sent_again")
    assert (entry.object_id, entry.actor_id) == (publication.public_id, operator.user.pk)


@pytest.mark.parametrize(("is_sent", "said"), [(True, "Sent again to"), (False, "is stored, not sent")])
def test_it_is_called_sent_only_where_there_is_a_mail_server(signed_in, mara, settings, is_sent, said):
    settings.EMAIL_IS_SENT = is_sent
    publication = published(VoucherFactory(), mara)
    operator = signed_in("Operator")

    form = operator.get(address(publication)).content.decode()
    page = operator.post(address(publication), follow=True).content.decode()

    assert ("E-mail is not set up" in form) is not is_sent
    assert said in page


def test_by_the_template_of_the_distribution_that_published_it(signed_in, mara):
    publication = published(VoucherFactory(code="ROAST-77AB"), mara)
    run = Distribution.objects.create(
        name="Autumn",
        kind="manual",
        campaign=publication.campaign,
        message="email",
        subject="For you",
        body="Take {{ code }}.",
    )
    Delivery.objects.create(distribution=run, customer=mara, publication=publication, state="sent")

    signed_in("Operator").post(address(publication))

    (message,) = mail.outbox
    assert message.subject == "For you"
    assert message.body.startswith("Take ROAST-77AB.")
    assert "/unsubscribe/" in message.body


def test_a_form_that_is_sent_twice_sends_one_message(signed_in, mara):
    publication, operator = published(VoucherFactory(), mara), signed_in("Operator")

    operator.post(address(publication))
    page = operator.post(address(publication)).content.decode()

    assert len(mail.outbox) == 1
    assert "less than a minute ago" in page


def test_without_an_address_the_code_can_be_copied(signed_in):
    publication = published(VoucherFactory(code="ROAST-77AB"), CustomerFactory(name="Ben", email=""))

    page = signed_in("Operator").post(address(publication)).content.decode()

    assert "has no e-mail address" in page
    assert "ROAST-77AB" in page
    assert mail.outbox == []


def test_a_released_code_is_not_sent(signed_in, mara):
    voucher = VoucherFactory(code="ROAST-77AB")
    publication = published(voucher, mara)
    release(voucher, by=STAFF, reason="Wrong person")

    page = signed_in("Operator").post(address(publication)).content.decode()

    assert "no longer holds it" in page
    assert "ROAST-77AB" not in page
    assert mail.outbox == []


def test_a_customer_of_whom_all_is_typed_is_opened_at_once_and_has_the_button(signed_in, mara):
    publication = published(VoucherFactory(), mara)

    page = signed_in("Manager").get("/search", {"q": "Mara@example.com"}, follow=True)

    assert page.request["PATH_INFO"] == f"/customers/{mara.public_id}/"
    assert address(publication) in page.content.decode()
