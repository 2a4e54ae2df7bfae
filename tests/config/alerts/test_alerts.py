"""An alert is told once each time it begins, to those whom the rule names, in the bell and by e-mail."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import Group
from django.db import connections
from django.utils import timezone

from config.alerts.actions.change_rule import change_rule
from config.alerts.actions.delete_old_alerts import delete_old_alerts
from config.alerts.actions.keep_alerts import Found, keep_alerts
from config.alerts.actions.send_notices import send_notices
from config.alerts.models import Alert, Kind, Notice
from config.alerts.queries import count_unread
from config.staff.models import AuditEntry
from tests.support.factories import STAFF, UserFactory
from tests.support.mail_server import MailServer

LOW = Found("camp_1", "12 codes left in Autumn", "Generate more.", "/campaigns/camp_1/")


@pytest.fixture
def manager(db):
    return UserFactory(role="Manager", email="mara@example.com")


@pytest.fixture
def server(settings):
    with MailServer() as server:
        settings.EMAIL_IS_SENT = True
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.SITE_URL = "https://handout.example.com"
        yield server


def only(kind: Kind, **values):
    change_rule(kind, values, roles=[], people=[], by=STAFF)


def test_a_condition_is_told_once_while_it_holds_and_again_when_it_begins_anew(manager):
    assert [keep_alerts(Kind.POOL_LOW, [LOW]) for _ in range(3)] == [1, 0, 0]
    assert count_unread(manager) == 1

    keep_alerts(Kind.POOL_LOW, [])
    alert = Alert.objects.get()
    assert alert.ended_at is not None

    assert keep_alerts(Kind.POOL_LOW, [LOW]) == 1
    assert count_unread(manager) == 2


def test_what_moves_about_the_limit_does_not_ring_each_time(manager):
    keep_alerts(Kind.POOL_LOW, [LOW])
    keep_alerts(Kind.POOL_LOW, [], still=[LOW.subject])

    assert keep_alerts(Kind.POOL_LOW, [LOW]) == 0


def test_what_happens_once_is_told_once_though_it_is_over(manager):
    failed = Found("codes-7", "The import of codes.csv failed")

    assert keep_alerts(Kind.IMPORT_FAILED, [failed]) == 1
    keep_alerts(Kind.IMPORT_FAILED, [])

    assert keep_alerts(Kind.IMPORT_FAILED, [failed]) == 0


def test_each_kind_and_subject_is_an_alert_of_its_own(manager):
    other = LOW._replace(subject="camp_2")

    assert keep_alerts(Kind.POOL_LOW, [LOW, other]) == 2
    assert keep_alerts(Kind.POOL_EMPTY, [LOW]) == 1

    keep_alerts(Kind.POOL_LOW, [other])
    assert set(Alert.objects.filter(ended_at=None).values_list("kind", "subject")) == {
        ("pool_low", "camp_2"),
        ("pool_empty", "camp_1"),
    }


def test_managers_are_told_where_nobody_has_chosen(manager):
    UserFactory(role="Viewer"), UserFactory(role="Manager", is_active=False)
    root = UserFactory(is_superuser=True)

    keep_alerts(Kind.POOL_LOW, [LOW])

    assert {notice.user for notice in Notice.objects.all()} == {manager, root}


def test_roles_and_people_are_told_as_chosen_each_once(manager):
    operator, viewer = UserFactory(role="Operator"), UserFactory(role="Viewer")
    operator.groups.add(Group.objects.get(name="Exporter"))
    roles = Group.objects.filter(name__in=["Operator", "Exporter"])

    change_rule(Kind.POOL_LOW, {}, roles=roles, people=[viewer, operator], by=STAFF)
    keep_alerts(Kind.POOL_LOW, [LOW])

    assert sorted(Notice.objects.values_list("user", flat=True)) == sorted([operator.pk, viewer.pk])
    assert AuditEntry.objects.get(action="alerts.changed").details == {"roles": ["Exporter", "Operator"]}


def test_a_kind_that_is_switched_off_is_not_told(manager):
    only(Kind.POOL_LOW, active=False)

    assert keep_alerts(Kind.POOL_LOW, [LOW]) == 0
    assert Alert.objects.count() == 0


def test_long_words_are_cut_and_nothing_is_lost(manager):
    keep_alerts(Kind.IMPORT_FAILED, [Found("codes-1", "x" * 300, "y" * 5000)])

    alert = Alert.objects.get()
    assert (len(alert.title), len(alert.text)) == (200, 2000)


@pytest.mark.django_db(transaction=True)
def test_workers_that_look_at_the_same_moment_open_one():
    UserFactory.create_batch(3, role="Manager")

    def look(_):
        try:
            return keep_alerts(Kind.POOL_LOW, [LOW])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        opened = sum(threads.map(look, range(32)))

    assert (opened, Alert.objects.count(), Notice.objects.count()) == (1, 1, 3)


def test_a_person_gets_one_message_with_all_that_is_due(manager, server):
    keep_alerts(Kind.POOL_LOW, [LOW])
    keep_alerts(Kind.IMPORT_FAILED, [Found("codes-7", "The import of codes.csv failed", "Row 7.", "/imports/7/")])

    assert [send_notices() for _ in range(2)] == [1, 0]

    (message,) = server.messages
    body = message.get_content().replace("\r\n", "\n")
    assert (message["To"], message["Subject"]) == ("mara@example.com", "Handout: 2 alerts")
    assert "12 codes left in Autumn\nGenerate more.\nhttps://handout.example.com/campaigns/camp_1/\n" in body
    assert "https://handout.example.com/imports/7/" in body
    assert set(Notice.objects.values_list("email", flat=True)) == {"sent"}


def test_one_alert_is_the_subject_of_its_message(manager, server):
    keep_alerts(Kind.POOL_LOW, [LOW._replace(title="Line one\nBcc: all@example.com")])

    send_notices()

    assert server.messages[0]["Subject"] == "Handout: Line one Bcc: all@example.com"
    assert server.messages[0]["Bcc"] is None


def test_nothing_is_queued_where_email_is_not_set_up_or_not_wanted(manager, settings):
    keep_alerts(Kind.POOL_LOW, [LOW])
    settings.EMAIL_IS_SENT = True
    only(Kind.POOL_EMPTY, by_email=False)
    change_rule(Kind.POOL_EMPTY, {"by_email": False}, roles=[], people=[manager], by=STAFF)
    keep_alerts(Kind.POOL_EMPTY, [LOW])

    assert set(Notice.objects.values_list("email", flat=True)) == {"none"}
    assert count_unread(manager) == 2


def test_a_mail_server_that_is_away_costs_nothing(manager, settings, server):
    keep_alerts(Kind.POOL_LOW, [LOW])
    port, settings.EMAIL_PORT = server.port, 1

    with pytest.raises(OSError):
        send_notices()
    assert Notice.objects.get().email == "due"

    settings.EMAIL_PORT = port
    assert send_notices() == 1


def test_a_refusal_is_told_and_does_not_stop_the_others(manager, server):
    UserFactory(role="Manager", email="nobody@example.com")
    server.answers["nobody@example.com"] = ["550 No such user"]
    keep_alerts(Kind.POOL_LOW, [LOW])

    send_notices()

    refused = Notice.objects.get(user__email="nobody@example.com")
    assert (refused.email, "No such user" in refused.email_error) == ("failed", True)
    assert Notice.objects.get(user=manager).email == "sent"


def test_a_message_that_may_have_arrived_is_not_sent_again(manager, server):
    server.answers["mara@example.com"] = ["take and die", "250 OK"]
    keep_alerts(Kind.POOL_LOW, [LOW])

    send_notices()
    send_notices()

    assert len(server.messages) == 1
    assert Notice.objects.get().email == "unknown"


def test_what_died_while_sending_becomes_unknown(manager, server):
    keep_alerts(Kind.POOL_LOW, [LOW])
    long_ago = timezone.now() - timezone.timedelta(minutes=11)
    Notice.objects.update(email="sending", email_at=long_ago)

    assert send_notices() == 0

    assert (Notice.objects.get().email, server.messages) == ("unknown", [])


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_write_to_each_person_once(server):
    for n in range(20):
        UserFactory(role="Manager", email=f"m{n}@example.com")
    keep_alerts(Kind.POOL_LOW, [LOW])

    def send(_):
        try:
            return send_notices()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(send, range(4)))

    assert sorted(message["To"] for message in server.messages) == sorted(f"m{n}@example.com" for n in range(20))


def test_who_may_no_longer_sign_in_is_not_written_to(manager, server):
    keep_alerts(Kind.POOL_LOW, [LOW])
    manager.is_active = False
    manager.save()

    assert send_notices() == 0
    assert (server.messages, Notice.objects.get().email) == ([], "none")


def test_old_alerts_are_deleted_with_their_notices_open_ones_stay(manager):
    keep_alerts(Kind.POOL_LOW, [LOW, LOW._replace(subject="camp_2")])
    keep_alerts(Kind.IMPORT_FAILED, [Found("codes-7", "Failed")])
    keep_alerts(Kind.POOL_LOW, [LOW])
    long_ago = timezone.now() - timezone.timedelta(days=91)
    Alert.objects.update(opened_at=long_ago)
    Alert.objects.filter(ended_at__isnull=False).update(ended_at=long_ago)

    delete_old_alerts()

    assert Alert.objects.get().subject == "camp_1"
    assert Notice.objects.count() == 1
