"""The bell, the page of one's alerts, and who is told of what."""

import re

import pytest
from django.contrib.auth.models import Group

from config.alerts.actions.keep_alerts import Found, keep_alerts
from config.alerts.actions.mark_read import mark_read
from config.alerts.models import AlertRule, Kind, Notice
from tests.support.mail_server import MailServer


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


LOW = Found("camp_1", "12 codes left in Autumn", "Generate more.", "/campaigns/camp_1/")


def alert_for(browser, *found: Found, kind=Kind.POOL_LOW):
    rule, _ = AlertRule.objects.get_or_create(kind=kind)
    rule.people.add(browser.user)
    keep_alerts(kind, found or [LOW])


def test_the_bell_counts_what_is_unread(signed_in):
    browser = signed_in("Viewer")
    assert "unread" not in text(browser.get("/campaigns/").content.decode())

    alert_for(browser)

    assert "Alerts 1 unread" in text(browser.get("/campaigns/").content.decode())


def test_ones_alerts_are_ones_own(signed_in):
    browser, other = signed_in("Viewer"), signed_in("Manager")
    alert_for(browser)

    page = text(browser.get("/alerts/").content.decode())
    assert "12 codes left in Autumn Generate more. Unread" in page
    assert "No alerts" in other.get("/alerts/").content.decode()

    notice = Notice.objects.get()
    other.post(f"/alerts/{notice.pk}/read")
    assert Notice.objects.get().read_at is None


def test_they_are_marked_as_read_one_by_one_or_all(signed_in):
    browser = signed_in("Viewer")
    alert_for(browser, LOW, LOW._replace(subject="camp_2"), LOW._replace(subject="camp_3"))

    browser.post(f"/alerts/{Notice.objects.first().pk}/read")
    assert Notice.objects.filter(read_at=None).count() == 2

    browser.post("/alerts/read")
    assert Notice.objects.filter(read_at=None).count() == 0
    assert mark_read(browser.user) == 0


def test_the_list_says_what_is_over_and_filters(signed_in):
    browser = signed_in("Viewer")
    alert_for(browser)
    alert_for(browser, Found("codes-7", "The import of codes.csv failed"), kind=Kind.IMPORT_FAILED)
    keep_alerts(Kind.POOL_LOW, [])

    assert "over since" in browser.get("/alerts/").content.decode()
    ongoing = browser.get("/alerts/?state=open").content.decode()
    of_kind = browser.get("/alerts/?kind=pool_low").content.decode()
    assert ("12 codes left" in ongoing, "codes.csv" in ongoing) == (False, True)
    assert ("12 codes left" in of_kind, "codes.csv" in of_kind) == (True, False)


def test_the_list_takes_the_same_number_of_queries_however_long_it_is(signed_in, django_assert_num_queries):
    browser = signed_in("Viewer")
    alert_for(browser)
    with django_assert_num_queries(8):
        browser.get("/alerts/")

    alert_for(browser, *(LOW._replace(subject=f"camp_{n}") for n in range(50)))
    with django_assert_num_queries(8):
        browser.get("/alerts/")


def test_a_manager_chooses_who_is_told(signed_in):
    browser = signed_in("Manager")
    assert "Manager" in text(browser.get("/alerts/rules/").content.decode())
    viewers = Group.objects.get(name="Viewer")

    answer = browser.post(
        "/alerts/rules/pool_low",
        {"active": "on", "roles": [viewers.pk], "fewest_codes": "250", "fewest_days": "3"},
        follow=True,
    )

    rule = AlertRule.objects.get()
    assert "Saved." in text(answer.content.decode())
    assert (rule.fewest_codes, rule.fewest_days, rule.by_email, list(rule.roles.all())) == (250, 3, False, [viewers])
    assert "fewer than 250 codes, or empty within 3 days Viewer No On" in text(answer.content.decode())


def test_an_alert_that_nobody_would_get_is_refused_with_what_to_do(signed_in):
    answer = signed_in("Manager").post("/alerts/rules/import_failed", {"active": "on"})

    assert "Choose at least one role or person, or turn the alert off." in answer.content.decode()
    assert AlertRule.objects.count() == 0


@pytest.mark.parametrize("kind", ["nothing", "pool.low", "POOL_LOW"])
def test_a_kind_that_is_none_is_not_found(signed_in, kind):
    assert signed_in("Manager").get(f"/alerts/rules/{kind}").status_code == 404


def test_a_test_message_says_whether_the_server_took_it(signed_in, settings):
    browser = signed_in("Manager")
    assert "E-mail is not set up" in text(browser.post("/alerts/rules/test", follow=True).content.decode())

    settings.EMAIL_IS_SENT = True
    assert "no e-mail address" in text(browser.post("/alerts/rules/test", follow=True).content.decode())

    browser.user.email = "mara@example.com"
    browser.user.save()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with MailServer() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        page = text(browser.post("/alerts/rules/test", follow=True).content.decode())
    assert "accepted a test message to mara@example.com" in page
    assert len(server.messages) == 1
    page = text(browser.post("/alerts/rules/test", follow=True).content.decode())  # the server is gone
    assert "The test was not sent." in page
