"""Who looks after users: a Manager, who can never make or become more than a Manager."""

import pytest
from django.contrib.auth.models import Group, User

from config.staff.models import AuditEntry
from config.staff.roles import EXPORT, MANAGE, PUBLISH, READ, may
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db
USERS = "/admin/auth/user/"
PASSWORD = "correct horse battery"


def change_url(user: User) -> str:
    return f"{USERS}{user.pk}/change/"


def shown(browser, url) -> dict:
    """What a browser sends back of a form that nobody touched."""
    form = browser.get(url).context["adminform"].form
    sent = {}
    for field in form:
        value = field.value()
        if value not in (None, False, ""):
            sent[field.html_name] = [getattr(v, "pk", v) for v in value] if isinstance(value, list) else value
            sent[field.html_initial_name] = sent[field.html_name]
    return sent


@pytest.mark.parametrize(
    ("role", "abilities"),
    [
        ("Viewer", {READ}),
        ("Operator", {READ, PUBLISH}),
        ("Exporter", {READ, EXPORT}),
        ("Manager", {READ, PUBLISH, EXPORT, MANAGE}),
        (None, set()),
    ],
)
def test_what_each_role_may_do(role, abilities):
    user = User.objects.get(pk=UserFactory(role=role).pk)

    assert {ability for ability in (READ, PUBLISH, EXPORT, MANAGE) if may(user, ability)} == abilities


def test_two_roles_add_up():
    user = UserFactory(role="Operator")
    user.groups.add(Group.objects.get(name="Exporter"))

    assert may(User.objects.get(pk=user.pk), PUBLISH, EXPORT)


def test_a_user_who_was_deactivated_may_nothing():
    user = UserFactory(role="Manager", is_active=False)

    assert not may(user, READ)


def test_a_manager_adds_a_colleague_with_a_role(signed_in):
    browser = signed_in("Manager")

    browser.post(
        USERS + "add/",
        {
            "username": "priya",
            "password1": PASSWORD,
            "password2": PASSWORD,
            "first_name": "Priya",
            "groups": [Group.objects.get(name="Operator").pk],
        },
    )

    priya = User.objects.get(username="priya")
    assert [group.name for group in priya.groups.all()] == ["Operator"]
    assert (priya.first_name, priya.is_superuser, priya.check_password(PASSWORD)) == ("Priya", False, True)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id, entry.object_label) == ("user.created", f"user_{priya.pk}", "priya")
    assert (entry.actor_id, entry.details) == (browser.user.pk, {"roles": ["Operator"]})


def test_a_change_of_roles_is_recorded_with_the_old_and_new_ones(signed_in):
    browser, priya = signed_in("Manager"), UserFactory(role="Viewer")

    browser.post(
        change_url(priya), shown(browser, change_url(priya)) | {"groups": [Group.objects.get(name="Exporter").pk]}
    )

    assert [group.name for group in priya.groups.all()] == ["Exporter"]
    assert AuditEntry.objects.get().details == {"changes": {"roles": {"from": ["Viewer"], "to": ["Exporter"]}}}


def test_a_manager_cannot_make_a_superuser(signed_in):
    browser, priya = signed_in("Manager"), UserFactory(role="Viewer")
    power = {"is_superuser": "on", "is_staff": "on", "user_permissions": ["1", "2"]}

    browser.post(change_url(priya), shown(browser, change_url(priya)) | power)
    browser.post(change_url(browser.user), shown(browser, change_url(browser.user)) | power)
    browser.post(
        USERS + "add/",
        {"username": "x", "password1": PASSWORD, "password2": PASSWORD, **power},
    )

    assert User.objects.count() == 3
    assert not User.objects.filter(is_superuser=True).exists()
    assert not User.objects.filter(user_permissions__isnull=False).exists()


def test_a_manager_cannot_touch_a_superuser(signed_in):
    browser, chief = signed_in("Manager"), UserFactory(is_superuser=True)
    before = User.objects.values().get(pk=chief.pk)

    refused = [
        browser.post(change_url(chief), {"username": "mine"}),
        browser.post(f"{USERS}{chief.pk}/password/", {"password1": PASSWORD, "password2": PASSWORD}),
        browser.post(f"{USERS}{chief.pk}/delete/", {"post": "yes"}),
        browser.post(USERS, {"action": "delete_selected", "_selected_action": [chief.pk], "post": "yes"}),
    ]

    assert [answer.status_code for answer in refused[:3]] == [403, 403, 403]
    assert User.objects.values().get(pk=chief.pk) == before


def test_a_manager_sets_a_password_and_that_is_recorded_without_it(signed_in):
    browser, priya = signed_in("Manager"), UserFactory()

    browser.post(f"{USERS}{priya.pk}/password/", {"password1": PASSWORD, "password2": PASSWORD})

    priya.refresh_from_db()
    assert priya.check_password(PASSWORD)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id, entry.details) == ("user.password_set", f"user_{priya.pk}", {})


def test_a_superuser_may_make_another(signed_in):
    browser, priya = signed_in(None), UserFactory()
    User.objects.filter(pk=browser.user.pk).update(is_superuser=True)

    browser.post(change_url(priya), shown(browser, change_url(priya)) | {"is_superuser": "on"})

    assert User.objects.get(pk=priya.pk).is_superuser
    assert AuditEntry.objects.get().details == {"fields": ["is_superuser"]}


def test_nobody_deletes_themselves(signed_in):
    browser = signed_in("Manager")

    answer = browser.post(f"{USERS}{browser.user.pk}/delete/", {"post": "yes"})

    assert answer.status_code == 403
    assert User.objects.filter(pk=browser.user.pk).exists()


def test_deleting_a_user_is_recorded(signed_in):
    browser, priya = signed_in("Manager"), UserFactory(username="priya")

    browser.post(f"{USERS}{priya.pk}/delete/", {"post": "yes"})

    assert not User.objects.filter(username="priya").exists()
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id, entry.object_label) == ("user.deleted", f"user_{priya.pk}", "priya")


def test_the_roles_themselves_are_read_only(signed_in):
    browser, viewer = signed_in("Manager"), Group.objects.get(name="Viewer")

    assert browser.get(f"/admin/auth/group/{viewer.pk}/change/").status_code == 200
    assert browser.post(f"/admin/auth/group/{viewer.pk}/change/", {"name": "Root"}).status_code == 403
    assert browser.get("/admin/auth/group/add/").status_code == 403


def test_the_history_of_an_object_is_the_audit_log(signed_in):
    browser, priya = signed_in("Manager"), UserFactory()

    answer = browser.get(f"{USERS}{priya.pk}/history/")

    assert answer.url == f"/settings/audit-log?q=user_{priya.pk}"
