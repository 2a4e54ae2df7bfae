"""Forgotten passwords and invitations: links by e-mail that work once and for a time, and tell strangers nothing."""

import re
import threading
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group, User
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from config.staff.models import AuditEntry, StaffSession
from config.staff.sign_in import links
from config.staff.sign_in.links import FORGOTTEN, INVITATION, LinkEnded, choose_password, link_for, send_link
from config.staff.sign_in.second_factor import set_up
from config.staff.tasks import send_invitation, send_password_links
from tests.config.staff.second_factor.authenticator import KEY, code_of
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db
SITE = "http://testserver/"
NEW = {"new_password1": "a brand new horse", "new_password2": "a brand new horse"}


@pytest.fixture(autouse=True)
def with_email(settings, monkeypatch):
    settings.EMAIL_IS_SENT = True
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 1000)


@pytest.fixture
def ada():
    user = UserFactory(username="ada", email="Ada@example.com", role="Operator")
    user.set_password("a long enough one")
    user.save()
    return user


def ask(email, client=None):
    return (client or Client()).post("/login/forgot/", {"email": email})


def work():
    """What the worker would do now."""
    tasks = {"staff.send_password_links": send_password_links, "staff.send_invitation": send_invitation}
    for job in ProcrastinateJob.objects.filter(task_name__in=tasks).order_by("pk"):
        tasks[job.task_name].func(**job.args)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


def sent_link() -> str:
    (link,) = re.findall(r"http\S+", mail.outbox[-1].body)
    return link.removeprefix("http://testserver")


def follow(link, client=None):
    """The page with the form, whose address no longer holds the token."""
    client = client or Client()
    page = client.get(link, follow=True)
    return client, page


def can_sign_in(password):
    return Client().post("/login/", {"username": "ada", "password": password}).status_code == 302


def test_a_link_leads_to_a_new_password(ada):
    elsewhere = Client()
    elsewhere.force_login(ada)
    ask("ada@EXAMPLE.com")
    work()

    client, page = follow(sent_link())
    done = client.post(page.redirect_chain[-1][0], NEW)

    assert mail.outbox[0].to == ["Ada@example.com"]  # the stored address, whatever was typed
    assert page.redirect_chain[-1][0].endswith("/set-password/")
    assert "Password saved" in done.content.decode()
    assert (can_sign_in("a brand new horse"), can_sign_in("a long enough one")) == (True, False)
    assert elsewhere.get("/account/").status_code == 302
    assert "_auth_user_id" not in client.session  # signing in, with the second factor, comes after
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", "actor_label", "object_label"))
    assert actions == [
        ("user.password_link_sent", "Handout", "ada"),
        ("user.password_chosen", ada.get_full_name() or "ada", "ada"),
    ]


def test_a_link_works_once(ada):
    link = link_for(ada, FORGOTTEN, site=SITE).removeprefix("http://testserver")
    client, page = follow(link)
    client.post(page.redirect_chain[-1][0], NEW)

    _, again = follow(link)

    assert "This link no longer works" in again.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_link_that_is_used_twice_at_once_works_once(ada):
    token, done, go = FORGOTTEN.make_token(ada), [], threading.Barrier(3)

    def choose(password):
        go.wait()
        try:
            choose_password(ada, password, purpose=FORGOTTEN, token=token)
            done.append(password)
        except LinkEnded:
            pass
        connection.close()

    threads = [threading.Thread(target=choose, args=[f"a brand new horse {n}"]) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (password,) = done
    assert User.objects.get().check_password(password)


@pytest.mark.parametrize(
    ("purpose", "good", "ended"), [(FORGOTTEN, 59, 61), (INVITATION, 60 * 24 * 7 - 1, 60 * 24 * 7 + 1)]
)
def test_a_link_ends(ada, monkeypatch, purpose, good, ended):
    token, now = purpose.make_token(ada), purpose._now()

    monkeypatch.setattr(purpose, "_now", lambda: now + timedelta(minutes=good))
    before = purpose.check_token(ada, token)
    monkeypatch.setattr(purpose, "_now", lambda: now + timedelta(minutes=ended))

    assert (before, purpose.check_token(ada, token)) == (True, False)


def test_a_link_of_one_purpose_is_none_of_another(ada):
    invitation = link_for(ada, INVITATION, site="").replace("/invitation/", "/new-password/")

    assert "This link no longer works" in follow(invitation)[1].content.decode()


@pytest.mark.parametrize(
    "link", ["/login/new-password/MQ/made-up/", "/login/new-password/!!/x/", "/login/invitation/OTk5/a-b/"]
)
def test_a_link_that_was_made_up_is_told_so(ada, link):
    page = Client().get(link)

    assert (page.status_code, "This link no longer works" in page.content.decode()) == (200, True)


def test_who_is_not_active_gets_no_link_and_uses_none(ada):
    link = link_for(ada, FORGOTTEN, site="")
    User.objects.update(is_active=False)
    ask("ada@example.com")
    work()

    assert mail.outbox == []
    assert "This link no longer works" in follow(link)[1].content.decode()


def test_nobody_learns_who_has_an_account(ada):
    pages = [ask(email).content.decode() for email in ("ada@example.com", "nobody@example.com")]
    jobs = ProcrastinateJob.objects.filter(task_name="staff.send_password_links").count()
    work()

    assert pages[0].replace("ada@", "") == pages[1].replace("nobody@", "")
    assert jobs == 2
    assert len(mail.outbox) == 1


def test_an_address_gets_ten_tries_in_a_quarter_of_an_hour(ada):
    statuses = [ask(f"name{n}@example.com").status_code for n in range(11)]

    assert statuses == [200] * 10 + [429]
    assert ask("ada@example.com", Client(REMOTE_ADDR="198.51.100.1")).status_code == 200
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert ask("ada@example.com").status_code == 200


def test_nobody_is_sent_more_than_three_links_an_hour(ada):
    sent = [send_link(ada.pk, FORGOTTEN, site=SITE) for _ in range(4)]

    assert (sent, len(mail.outbox)) == ([True, True, True, False], links.AN_HOUR)


def test_a_weak_password_is_refused_and_the_link_still_works(ada):
    client, page = follow(link_for(ada, FORGOTTEN, site=""))
    form = page.redirect_chain[-1][0]

    refused = client.post(form, {"new_password1": "12345", "new_password2": "12345"})
    done = client.post(form, NEW)

    assert refused.context["form"].errors
    assert "Password saved" in done.content.decode()


def test_a_new_password_does_not_go_round_the_second_factor(ada):
    set_up(ada, key=KEY, code=code_of())
    client, page = follow(link_for(ada, FORGOTTEN, site=""))
    client.post(page.redirect_chain[-1][0], NEW)

    answer = Client().post("/login/", {"username": "ada", "password": "a brand new horse"})

    assert answer.url.startswith("/login/code/")


def test_without_e_mail_the_page_says_what_to_do_instead(ada, settings, signed_in):
    settings.EMAIL_IS_SENT = False

    forgot, invited = Client().get("/login/forgot/"), signed_in("Manager").get("/settings/users/invite")
    posted = ask("ada@example.com").content.decode()

    assert "Ask a Manager to set a new password for you" in forgot.content.decode()
    assert "Add the user with a first password instead" in invited.content.decode()
    assert "cannot send e-mail" in posted
    assert not ProcrastinateJob.objects.exists()


# ---- invitations


def invitation(**changed):
    roles = [Group.objects.get(name="Viewer").pk]
    return {"email": "bob@example.com", "username": "bob", "first_name": "Bob", "roles": roles} | changed


def test_an_invitation_leads_to_a_first_password(signed_in):
    manager = signed_in("Manager")
    manager.user.first_name = "Mara"
    manager.user.save()

    page = manager.post("/settings/users/invite", invitation(), follow=True)
    work()
    client, form = follow(sent_link())
    client.post(form.redirect_chain[-1][0], NEW)

    assert "An invitation is on its way to bob@example.com." in page.content.decode()
    assert "Mara" in mail.outbox[0].body
    assert "Your username is bob." in mail.outbox[0].body
    assert "Welcome to Handout" in form.content.decode()
    bob = User.objects.get(username="bob")
    assert bob.check_password("a brand new horse")
    assert [group.name for group in bob.groups.all()] == ["Viewer"]
    assert AuditEntry.objects.get(action="user.invited").details == {"roles": ["Viewer"]}


def test_the_form_explains_the_roles(signed_in):
    page = signed_in("Manager").get("/settings/users/invite").content.decode()

    assert "Viewer: sees everything, with all codes masked" in page
    assert "Manager: does everything" in page


@pytest.mark.parametrize(
    ("changed", "field"), [({"username": "ada"}, "username"), ({"email": "no"}, "email"), ({"roles": []}, "roles")]
)
def test_an_invitation_that_cannot_be_is_told_beside_its_field(ada, signed_in, changed, field):
    answer = signed_in("Manager").post("/settings/users/invite", invitation(**changed))

    assert list(answer.context["form"].errors) == [field]
    assert not User.objects.filter(email="bob@example.com").exists()
    assert not ProcrastinateJob.objects.exists()


def test_who_was_invited_cannot_sign_in_before(signed_in):
    signed_in("Manager").post("/settings/users/invite", invitation())

    assert not User.objects.get(username="bob").has_usable_password()


def test_a_link_can_be_sent_again(ada, signed_in):
    manager = signed_in("Manager")
    manager.post("/settings/users/invite", invitation())
    bob = User.objects.get(username="bob")
    work()

    chosen = {"action": "send_password_link", "_selected_action": [ada.pk, bob.pk]}
    page = manager.post("/admin/auth/user/", chosen, follow=True).content.decode()
    work()

    assert "2 e-mails are on the way." in page
    assert sorted(message.subject for message in mail.outbox[1:]) == [FORGOTTEN.subject, INVITATION.subject]


def test_an_invited_browser_keeps_no_other_session(ada):
    """Whoever opens somebody else's link in a browser that is signed in is signed out there."""
    client = Client()
    client.force_login(UserFactory(role="Manager"))
    _, page = follow(link_for(ada, FORGOTTEN, site=""), client)

    client.post(page.redirect_chain[-1][0], NEW)

    assert client.get("/account/").status_code == 302
    assert not StaffSession.objects.filter(user__isnull=False).exists()
