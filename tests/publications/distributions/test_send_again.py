"""A code is sent once more to who holds it: the same code, by the template it came with or a plain one."""

import pytest
from django.core import mail

from campaigns.codes.models import Voucher
from config.staff.models import AuditEntry
from publications.actions.release import release
from publications.distributions.models import Delivery, Distribution
from publications.models import PublishedVoucher
from tests.support.factories import (
    STAFF,
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)
from tests.support.mail_server import MailServer
from tests.support.settling import handed_out, settled

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mail_server(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def mara():
    return CustomerFactory(name="Mara Lindqvist", email="mara@example.com")


def address(publication):
    return f"/publications/{publication.public_id}/send-again"


def recorded(thing):
    entries = AuditEntry.objects.filter(object_id=thing.public_id, action__contains="_again").order_by("pk")
    return list(entries.values_list("action", flat=True))


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
    assert recorded(publication) == ["code.sending_again", "code.sent_again"]
    assert set(AuditEntry.objects.filter(action__startswith="code.").values_list("actor_id", flat=True)) == {
        operator.user.pk
    }


@pytest.mark.parametrize(("is_sent", "said"), [(True, "Sent again to"), (False, "is stored, not sent")])
def test_it_is_called_sent_only_where_there_is_a_mail_server(signed_in, mara, settings, is_sent, said):
    settings.EMAIL_IS_SENT = is_sent
    publication = published(VoucherFactory(), mara)
    operator = signed_in("Operator")

    form = operator.get(address(publication)).content.decode()
    page = operator.post(address(publication), follow=True).content.decode()

    assert ("E-mail is not set up" in form) is not is_sent
    assert said in page


@pytest.fixture
def server(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    with MailServer() as server:
        settings.EMAIL_PORT = server.port
        yield server


@pytest.mark.parametrize(
    ("answer", "action", "said"),
    [
        ("550 No such mailbox", "code.not_sent_again", "The mail server rejected it: 550 No such mailbox."),
        ("450 Try again", "code.not_sent_again", "The server asked to wait: 450 Try again."),
        ("take and die", "code.perhaps_sent_again", "The message may or may not have arrived."),
    ],
)
def test_what_the_mail_server_did_with_it_is_said_and_stays_on_record(signed_in, mara, server, answer, action, said):
    publication = published(VoucherFactory(), mara)
    server.answers["mara@example.com"] = [answer]

    page = signed_in("Operator").post(address(publication)).content.decode()

    assert said in page
    assert recorded(publication) == ["code.sending_again", action]
    assert "mara@example.com" not in str(AuditEntry.objects.values_list("details", flat=True))


def test_a_mail_server_that_is_not_there_has_sent_nothing(signed_in, mara, server, settings):
    publication = published(VoucherFactory(), mara)
    settings.EMAIL_PORT = 9  # nobody listens there

    page = signed_in("Operator").post(address(publication)).content.decode()

    assert "The message was not sent. The mail server is not responding" in page
    assert recorded(publication) == ["code.sending_again", "code.not_sent_again"]
    assert AuditEntry.objects.get(action="code.not_sent_again").details == {
        "reason": "The mail server is not responding"
    }


def test_a_code_of_a_hand_out_goes_to_whom_it_was_settled(signed_in, mara):
    export = handed_out(CampaignFactory(codes=2))
    code, other = Voucher.objects.filter(campaign=export.campaign).order_by("pk")
    settled(export.publication, f"Code,Customer source ID\n{code.code},{mara.source_id}\n")
    operator = signed_in("Operator")
    page = f"/codes/{code.public_id}/send-again"
    for shown in (f"/codes/{code.public_id}/", f"/customers/{mara.public_id}/"):
        assert page in operator.get(shown).content.decode()

    operator.post(page)

    (message,) = mail.outbox
    assert message.to == ["mara@example.com"]
    assert code.code in message.body
    assert other.code not in message.body
    assert recorded(code) == ["code.sending_again", "code.sent_again"]
    assert "Nobody is known to hold" in operator.get(f"/codes/{other.public_id}/send-again").content.decode()
    assert (
        page.replace(code.public_id, other.public_id) not in operator.get(f"/codes/{other.public_id}/").content.decode()
    )
    assert other.code not in operator.get(address(export.publication)).content.decode()


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
