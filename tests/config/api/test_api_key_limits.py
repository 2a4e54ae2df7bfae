"""Until when a key works, from where, and with which of two tokens; and who is told before it ends."""

import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from config.alerts.models import Notice
from config.api.actions.change_api_key import change_api_key
from config.api.actions.create_api_key import create_api_key
from config.api.actions.revoke_api_key import revoke_api_key
from config.api.actions.rotate_api_key import KeyRevoked, RotatedMeanwhile, rotate_api_key
from config.api.actions.warn_of_expiry import warn_of_expiry
from config.api.limits.networks import NetworkRefused, allows, networks_of
from config.api.models import ApiKey
from config.staff.models import AuditEntry
from tests.support.api.calls import Answer, Api
from tests.support.factories import STAFF, UserFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


def in_days(days):
    return timezone.now() + timedelta(days=days)


def call(key, token, address="203.0.113.7"):
    headers = {"X-App-Id": str(key.app_id), "X-App-Token": token}
    return Answer(Client(REMOTE_ADDR=address).get("/v1/vouchers", headers=headers))


# ---- until when


def test_an_expired_key_is_refused_and_told_why():
    caller = Api()
    ApiKey.objects.update(expires_at=in_days(-1))

    answer = caller.get("vouchers")

    assert answer.error[:2] == (401, "unauthorized")
    assert "This API key has expired." in answer.error[3]


def test_who_has_the_wrong_token_is_not_told_that_the_key_expired():
    key, _ = create_api_key("Shop", expires_at=in_days(-1), by=STAFF)

    assert "do not match an API key" in call(key, "guessed").error[3]


# ---- from where


@pytest.mark.parametrize(
    ("networks", "address", "may"),
    [
        ([], "203.0.113.7", True),
        ([], None, True),
        (["203.0.113.0/24"], "203.0.113.7", True),
        (["203.0.113.0/24"], "203.0.114.7", False),
        (["203.0.113.0/24"], "::ffff:203.0.113.7", True),  # a server that listens on IPv6
        (["203.0.113.0/24"], "2001:db8::1", False),
        (["203.0.113.0/24", "2001:db8::/32"], "2001:db8::1", True),
        (["203.0.113.7/32"], "203.0.113.8", False),
        (["203.0.113.0/24"], None, False),
        (["203.0.113.0/24"], "", False),
    ],
)
def test_a_network_holds_its_addresses(networks, address, may):
    assert allows(networks, address) is may


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["10.0.0.0/8", "nonsense"], "“nonsense” is not a network. Write it like 203.0.113.0/24"),
        (["10.0.0.5/8"], "“10.0.0.5/8” is an address in the network 10.0.0.0/8. Write 10.0.0.0/8, or 10.0.0.5 for it alone."),
        (["10.0.0.0/33"], "is not a network"),
        ([f"10.0.{n}.0/24" for n in range(101)], "at most 100 networks; these are 101."),
    ],
)  # fmt: skip
def test_what_is_no_network_is_told(lines, told):
    with pytest.raises(NetworkRefused) as refused:
        networks_of(lines)

    assert told in str(refused.value)


def test_networks_are_kept_once_and_in_one_form():
    assert networks_of(["203.0.113.7", "", " 2001:DB8::/32 ", "203.0.113.7/32"]) == ["203.0.113.7/32", "2001:db8::/32"]


def test_a_key_is_refused_elsewhere():
    key, token = create_api_key("Shop", networks=["203.0.113.0/24"], by=STAFF)

    inside, outside = call(key, token), call(key, token, "198.51.100.1")

    assert inside.status == 200
    assert outside.error[:2] == (403, "network_not_allowed")
    assert "198.51.100.1" in outside.error[3]


def test_a_bearer_token_comes_from_the_networks_of_its_key_alone():
    key, token = create_api_key("Shop", networks=["203.0.113.0/24"], by=STAFF)
    headers = {"X-App-Id": str(key.app_id), "X-App-Token": token}
    inside, outside = Client(REMOTE_ADDR="203.0.113.7"), Client(REMOTE_ADDR="198.51.100.1")
    asked = {"grant_type": "client_credentials"}

    assert outside.post("/v1/oauth/token", asked, headers=headers).status_code == 403
    drawn = inside.post("/v1/oauth/token", asked, headers=headers).json()["access_token"]
    answers = [each.get("/v1/vouchers", headers={"Authorization": f"Bearer {drawn}"}) for each in (inside, outside)]

    assert [answer.status_code for answer in answers] == [200, 403]


def test_behind_a_proxy_it_is_the_clients_address_that_counts(settings):
    key, token = create_api_key("Shop", networks=["203.0.113.0/24"], by=STAFF)
    headers = {"X-App-Id": str(key.app_id), "X-App-Token": token, "X-Forwarded-For": "203.0.113.7, 198.51.100.1"}

    untrusted = Client(REMOTE_ADDR="10.0.0.1").get("/v1/vouchers", headers=headers)
    settings.TRUSTED_PROXIES = 1
    made_up = Client(REMOTE_ADDR="10.0.0.1").get("/v1/vouchers", headers=headers)
    settings.TRUSTED_PROXIES = 2
    through_both = Client(REMOTE_ADDR="10.0.0.1").get("/v1/vouchers", headers=headers)

    assert [untrusted.status_code, made_up.status_code, through_both.status_code] == [403, 403, 200]


# ---- with which token


def test_both_tokens_work_until_the_chosen_moment():
    key, old = create_api_key("Shop", by=STAFF)

    new = rotate_api_key(key, until=in_days(1), seen=0, by=STAFF)

    assert [call(key, token).status for token in (old, new)] == [200, 200]
    ApiKey.objects.update(old_token_until=in_days(-1))
    assert [call(key, token).status for token in (old, new)] == [401, 200]
    entry = AuditEntry.objects.get(action="api_key.rotated")
    assert (entry.object_label, old in str(vars(entry)), new in str(vars(entry))) == ("Shop", False, False)


def test_a_token_that_leaked_ends_at_once():
    key, old = create_api_key("Shop", by=STAFF)

    new = rotate_api_key(key, until=None, seen=0, by=STAFF)

    assert [call(key, token).status for token in (old, new)] == [401, 200]


def test_only_two_tokens_overlap():
    key, first = create_api_key("Shop", by=STAFF)

    second = rotate_api_key(key, until=in_days(9), seen=0, by=STAFF)
    third = rotate_api_key(key, until=in_days(1), seen=1, by=STAFF)

    assert [call(key, token).status for token in (first, second, third)] == [401, 200, 200]


def test_a_revoked_key_gets_no_new_token():
    key, _ = create_api_key("Shop", by=STAFF)
    revoke_api_key(key, by=STAFF)

    with pytest.raises(KeyRevoked):
        rotate_api_key(key, until=None, seen=0, by=STAFF)


@pytest.mark.django_db(transaction=True)
def test_two_rotations_at_once_are_one():
    key, _ = create_api_key("Shop", by=STAFF)
    done = []

    def rotate():
        try:
            done.append(rotate_api_key(key, until=in_days(1), seen=0, by=STAFF))
        except RotatedMeanwhile:
            done.append(None)
        connection.close()

    threads = [threading.Thread(target=rotate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (new,) = [token for token in done if token]
    assert (len(done), ApiKey.objects.get().rotations, call(key, new).status) == (4, 1, 200)


# ---- the pages


def test_the_form_of_a_new_key_takes_its_limits(signed_in):
    form = {
        "name": "Shop",
        "scope": "all",
        "expires_at": "2040-05-01T12:00",
        "networks": "203.0.113.0/24\n2001:db8::/32",
    }

    signed_in("Manager").post("/settings/api-keys/new", form)

    key = ApiKey.objects.get()
    assert (key.expires_at.isoformat(), key.networks) == (
        "2040-05-01T12:00:00+00:00", ["203.0.113.0/24", "2001:db8::/32"],
    )  # fmt: skip
    details = AuditEntry.objects.get().details
    assert (details["expires_at"], details["networks"]) == ("2040-05-01T12:00:00+00:00", key.networks)


def test_a_wrong_limit_is_told_beside_its_field(signed_in):
    form = {"name": "Shop", "scope": "all", "expires_at": "2020-05-01T12:00", "networks": "everywhere"}

    errors = signed_in("Manager").post("/settings/api-keys/new", form).context["form"].errors

    assert errors["expires_at"] == ["Choose a moment in the future. To end a key now, revoke it."]
    assert "“everywhere” is not a network." in errors["networks"][0]
    assert not ApiKey.objects.exists()


def test_editing_a_key_changes_what_was_changed_and_says_so(signed_in):
    key, token = create_api_key("Shop", networks=["10.0.0.0/8"], by=STAFF)
    browser, page = signed_in("Manager"), f"/settings/api-keys/{key.pk}/edit"

    shown = browser.get(page).content.decode()
    browser.post(page, {"name": "Web shop", "expires_at": "", "networks": "203.0.113.0/24"})

    assert "10.0.0.0/8" in shown
    assert "Your own address is 127.0.0.1." in shown
    entry = AuditEntry.objects.get(action="api_key.changed")
    assert entry.details["changes"] == {
        "name": {"from": "Shop", "to": "Web shop"},
        "networks": {"from": ["10.0.0.0/8"], "to": ["203.0.113.0/24"]},
    }
    assert call(key, token).status == 200


def test_rotating_on_the_page_shows_the_new_token_once(signed_in):
    key, old = create_api_key("Shop", by=STAFF)
    browser, page = signed_in("Manager"), f"/settings/api-keys/{key.pk}/rotate"
    form = browser.get(page).context["form"]
    until = form["until"].value()

    first = browser.post(page, {"seen": form["seen"].value(), "until": until.strftime("%Y-%m-%dT%H:%M")})
    again = browser.post(page, {"seen": form["seen"].value(), "until": until.strftime("%Y-%m-%dT%H:%M")})
    shown = browser.get(first.url)

    assert first.url == again.url
    assert [call(key, token).status for token in (old, shown.context["token"])] == [200, 200]
    assert "The old token works until" in shown.content.decode()
    assert "token" not in browser.get(first.url).context
    assert "Old token works until" in browser.get(f"/settings/api-keys/{key.pk}/log").content.decode()


def test_an_overlap_has_an_end_in_sight(signed_in):
    key, _ = create_api_key("Shop", by=STAFF)
    browser, page = signed_in("Manager"), f"/settings/api-keys/{key.pk}/rotate"

    for until in ("2020-01-01T00:00", "2099-01-01T00:00"):
        errors = browser.post(page, {"seen": 0, "until": until}).context["form"].errors
        assert errors == {"until": ["Choose a moment within the next 90 days."]}


def test_the_command_takes_limits():
    out = StringIO()

    call_command("create_api_key", "Shop", "--expires", "30", "--network", "203.0.113.7", stdout=out)

    key = ApiKey.objects.get()
    assert key.networks == ["203.0.113.7/32"]
    assert timedelta(days=29) < key.expires_at - timezone.now() <= timedelta(days=30)
    with pytest.raises(CommandError, match="is not a network"):
        call_command("create_api_key", "Shop", "--network", "here", stdout=out)


# ---- who is told


def test_managers_are_told_two_weeks_three_days_and_one_day_before(monkeypatch):
    manager = UserFactory(role="Manager")
    key, _ = create_api_key("Web shop", by=STAFF)
    create_api_key("For ever", by=STAFF)
    opened = []
    ends = in_days(20)
    ApiKey.objects.filter(pk=key.pk).update(expires_at=ends)
    for left in (20, 13, 12, 4, 3, 2, 1, 0.5, -1):
        now = ends - timedelta(days=left)
        monkeypatch.setattr("config.api.actions.warn_of_expiry.timezone.now", lambda now=now: now)
        opened.append(warn_of_expiry())

    assert opened == [0, 1, 0, 0, 1, 0, 1, 0, 0]
    notices = Notice.objects.filter(user=manager)
    assert {notice.alert.title for notice in notices} == {
        f"The API key Web shop expires on {ends:%Y-%m-%d at %H:%M} UTC"
    }
    assert {notice.alert.url for notice in notices} == {"/settings/api-keys/"}


def test_a_new_end_is_told_anew():
    key, _ = create_api_key("Web shop", expires_at=in_days(1), by=STAFF)
    assert [warn_of_expiry(), warn_of_expiry()] == [1, 0]

    change_api_key(key, name=key.name, expires_at=in_days(2), networks=[], by=STAFF)

    assert [warn_of_expiry(), warn_of_expiry()] == [1, 0]


def test_the_first_page_tells_managers(signed_in):
    published(VoucherFactory())
    create_api_key("Web shop", expires_at=in_days(3), by=STAFF)
    create_api_key("Old shop", expires_at=in_days(-3), by=STAFF)
    create_api_key("Far shop", expires_at=in_days(100), by=STAFF)

    pages = {role: signed_in(role).get("/").content.decode() for role in ("Manager", "Operator")}

    assert "The API key Web shop expires" in pages["Manager"]
    assert "The API key Old shop has expired" in pages["Manager"]
    assert "Far shop" not in pages["Manager"].split("Recent activity")[0]
    assert "Web shop" not in pages["Operator"]
