"""A run publishes to its audience and sends each one message, through a real SMTP server."""

import pytest

from publications.distributions.actions.advance import advance
from publications.distributions.models import Delivery
from publications.models import Publication
from tests.support.distributions import running
from tests.support.mail_server import MailServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings):
    with MailServer() as started:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", started.port, 5
        yield started


def test_everybody_gets_a_code_of_their_own_in_a_message_of_their_own(server):
    run = running(25, codes=30)

    advance(run.pk)

    run.refresh_from_db()
    assert (run.status, run.finished_at is not None) == ("done", True)
    deliveries = Delivery.objects.filter(distribution=run).select_related("customer", "publication")
    assert {delivery.state for delivery in deliveries} == {"sent"}
    assert len(server.messages) == 25
    for delivery in deliveries:
        (message,) = server.to(delivery.customer.email)
        (held,) = delivery.publication.ledger.select_related("voucher")
        assert message["Subject"] == f"A gift for {delivery.customer.name}"
        assert held.voucher.code in message.get_body(("plain",)).get_content()
        assert f">{held.voucher.code}</strong>" in message.get_body(("html",)).get_content()
        assert delivery.email == delivery.customer.email
    assert server.connections == 1


def test_a_publication_of_a_run_says_whose_it_is(server):
    run = running(1, codes=1)

    advance(run.pk)

    publication = Publication.objects.get()
    assert (publication.channel, publication.origin) == ("Dashboard", "dashboard")
    assert (publication.actor_kind, publication.actor_id, publication.actor_label) == ("run", run.pk, "Autumn")
    assert publication.metadata == {
        "source_type": "distribution", "source_id": run.public_id, "distribution_id": run.public_id,
    }  # fmt: skip
    assert publication.delivery.distribution == run
