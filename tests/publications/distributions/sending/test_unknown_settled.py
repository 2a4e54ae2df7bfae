"""Staff settle many unknown messages at once, by a filter or by the Message-IDs of a mail provider's log; each once."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.functions import Now
from django.utils import timezone

from config.staff.models import AuditEntry
from publications.distributions.actions import settle_unknown as settling
from publications.distributions.actions.advance import advance
from publications.distributions.actions.change_status import NotPossible, stop
from publications.distributions.actions.settle_unknown import Named, TooManyIds, read_ids, settle_unknown, unknown_of
from publications.distributions.models import Delivery, Distribution
from tests.support.distributions import running
from tests.support.factories import STAFF, CustomerFactory
from tests.support.mail_server import MailServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings):
    with MailServer() as started:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", started.port, 5
        settings.SITE_URL = "https://handout.example.com"
        yield started


@pytest.fixture
def run(server):
    """Three are unknown: of the first two the mail server has the message, of the third it has not."""
    people = [CustomerFactory(email=f"{name}@example.com") for name in ("ada", "bob", "cid", "dan")]
    for name, answer in (("ada", "take and die"), ("bob", "take and die"), ("cid", "die")):
        server.answers[f"{name}@example.com"] = [answer, "250 OK"]
    made = running(people, codes=4)
    advance(made.pk)
    Delivery.objects.filter(state="published").update(state="sent")
    assert states() == {"ada": "unknown", "bob": "unknown", "cid": "unknown", "dan": "sent"}
    Distribution.objects.update(rests_until=None)  # it rests after three in a row
    made.refresh_from_db()
    return made


def states() -> dict[str, str]:
    rows = Delivery.objects.order_by("pk").values_list("customer__email", "state")
    return {email.partition("@")[0]: state for email, state in rows}


def log_of(server) -> str:
    """As a mail server writes it."""
    return "\n".join(
        f"Nov 30 10:00:0{n} mx postfix/cleanup[12]: 4F: message-id={message['Message-ID']}"
        for n, message in enumerate(server.messages)
    )


@pytest.fixture
def operator(signed_in):
    return signed_in("Operator")


def page(run) -> str:
    return f"/distributions/{run.public_id}/unknown"


def hidden(answer) -> dict[str, str]:
    return dict(answer.context["form"])


def test_those_in_the_log_arrived_and_the_others_are_sent_again(server, run, operator):
    listed = operator.post(page(run), {"which": "listed", "outcome": "arrived", "ids": log_of(server)})
    assert "Mark 2 messages as arrived?" in listed.content.decode()
    assert states()["ada"] == "unknown"
    settled = operator.post(page(run), hidden(listed), follow=True)
    assert "2 messages marked as arrived." in settled.content.decode()
    assert states() == {"ada": "sent", "bob": "sent", "cid": "unknown", "dan": "sent"}

    rest = operator.post(page(run), {"which": "all", "outcome": "again"})
    assert "Send 1 message again?" in rest.content.decode()
    operator.post(page(run), hidden(rest))
    advance(run.pk)

    assert states() == {"ada": "sent", "bob": "sent", "cid": "sent", "dan": "sent"}
    assert sorted(message["To"] for message in server.messages if "dan" not in message["To"]) == [
        "ada@example.com", "bob@example.com", "cid@example.com",
    ]  # fmt: skip
    entries = AuditEntry.objects.filter(action="distribution.unknown_settled").order_by("pk")
    assert [(entry.actor_id, entry.details["count"], entry.details["as_"]) for entry in entries] == [
        (operator.user.pk, 2, "arrived"), (operator.user.pk, 1, "to be sent again"),
    ]  # fmt: skip


def test_a_second_click_does_nothing_and_what_came_later_is_left_alone(run, operator):
    shown = operator.post(page(run), {"which": "all", "outcome": "again"})
    operator.post(page(run), hidden(shown))
    assert set(states().values()) == {"published", "sent"}
    # Sent once more, and unknown once more.
    Delivery.objects.filter(state="published").update(
        state="unknown", reason="connection_lost", attempts=1, state_at=Now() + timedelta(seconds=1)
    )

    again = operator.post(page(run), hidden(shown), follow=True)

    assert "None of these messages is unknown any longer" in again.content.decode()
    assert states()["ada"] == "unknown"
    assert AuditEntry.objects.filter(action="distribution.unknown_settled").count() == 1


def test_a_file_in_small_letters_and_with_ids_of_others(server, run, operator):
    other = running(1, codes=1)
    text = log_of(server).lower() + f"\n<{other.public_id}.1.1@mx>\n" + log_of(server)
    file = SimpleUploadedFile("mail.log", text.encode())

    shown = operator.post(page(run), {"which": "listed", "outcome": "arrived", "file": file}).content.decode()

    assert "2 of this distribution, 1 of others" in shown


def test_an_earlier_attempt_is_not_the_one_that_is_unknown(run):
    delivery = unknown_of(run).first()
    Delivery.objects.filter(pk=delivery.pk).update(attempts=2)

    assert unknown_of(run, [Named(delivery.pk, 1)]).count() == 0
    assert unknown_of(run, [Named(delivery.pk, 2)]).count() == 1
    assert unknown_of(run, [Named(delivery.pk, None)]).count() == 1


def test_the_filter_of_the_list_says_which(run, operator):
    listed = operator.get(f"/distributions/{run.public_id}/?state=unknown&q=bob").content.decode()
    assert f'href="{page(run)}?q=bob"' in listed

    shown = operator.post(f"{page(run)}?q=bob", {"which": "all", "outcome": "arrived"})
    operator.post(f"{page(run)}?q=bob", hidden(shown))

    assert states() == {"ada": "unknown", "bob": "sent", "cid": "unknown", "dan": "sent"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"which": "listed", "outcome": "arrived"}, "The list contains no Message-IDs from Handout."),
        ({"which": "listed", "outcome": "arrived", "ids": "<dist_7.1.1@mx>"}, "belong to other distributions"),
        ({"which": "all", "outcome": "again", "ids": "<dist_7.1.1@mx>"}, "You entered a list."),
        ({"which": "all"}, "This field is required."),
    ],
)
def test_what_cannot_be_settled_is_told(run, operator, given, said):
    answer = operator.post(page(run), given)

    assert said in answer.content.decode()
    assert list(states().values()).count("unknown") == 3


def test_a_list_has_an_end(run, monkeypatch):
    monkeypatch.setattr(settling, "MOST_IDS", 2)
    ids = [f"<{run.public_id}.{n}.1@mx>" for n in range(3)]

    assert read_ids(run, " ".join(ids[:2] * 2)) == ([Named(0, 1), Named(1, 1)], 0)
    with pytest.raises(TooManyIds, match="at most 2 messages"):
        read_ids(run, " ".join(ids))


def test_after_a_stop_an_arrival_can_be_noted_and_nothing_is_sent_again(run):
    stop(run, by=STAFF)

    with pytest.raises(NotPossible, match="so its messages cannot be sent again"):
        settle_unknown(run, unknown_of(run), as_sent=False, until=timezone.now(), by=STAFF)
    assert settle_unknown(run, unknown_of(run), as_sent=True, until=timezone.now(), by=STAFF) == 3


def test_the_id_of_a_webhook_s_message_is_read_too(run):
    assert read_ids(run, f'{{"id": "{run.public_id}.12", "type": "distribution.message"}}') == ([Named(12, None)], 0)


def test_the_pages_offer_it_to_who_may(run, operator, signed_in):
    address = f"/distributions/{run.public_id}/"

    assert f'href="{page(run)}"' in operator.get(address).content.decode()
    assert f'href="{page(run)}"' not in signed_in("Viewer").get(address).content.decode()
    Delivery.objects.filter(state="unknown").update(state="sent", reason="")
    assert "Nothing left to resolve." in operator.get(page(run)).content.decode()
