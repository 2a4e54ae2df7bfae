"""The log of API calls: what is kept of a call, when it is written, the page, how long it stays."""

from datetime import timedelta
from threading import Event

import pytest
from django.db import DatabaseError, connection
from django.urls import ResolverMatch
from django.utils import timezone

from config.api import door as api
from config.api import log as api_log
from config.api.actions.create_api_key import create_api_key
from config.api.actions.delete_old_calls import delete_old_calls
from config.api.log import ApiLog, Call, path_to_keep
from config.api.models import ApiCall
from config.api.pages import filters
from config.public_ids import public_id
from tests.support.api.calls import Api
from tests.support.factories import STAFF, CampaignFactory

pytestmark = pytest.mark.django_db


class QuietLog(ApiLog):
    """Without its thread: a test writes when it wants to."""

    def _start(self):
        pass


@pytest.fixture
def log(settings, monkeypatch):
    settings.API_LOG = True
    monkeypatch.setattr(api, "log", QuietLog())
    return api.log


def a_call(status=200, path="v1/publications", method="GET", **values) -> Call:
    match = ResolverMatch(None, (), values, route=path)
    return Call(1, timezone.now().timestamp(), method, match, status, 0.0123, "v-1")


def made(key, path="/v1/publications", method="GET", status=200, ago=timedelta(0)):
    at = timezone.now() - ago
    return ApiCall.objects.create(
        key=key, at=at, method=method, path=path, status=status, duration_ms=3.2, request_id="v-1"
    )


def test_a_call_is_kept_with_its_request_id(log):
    caller = Api()
    CampaignFactory(name="Coffee", codes=1)

    answer = caller.post("publications", {"campaign": "Coffee", "customer": "12344"})
    log.write()

    call = ApiCall.objects.get()
    assert (call.key, call.method, call.path, call.status) == (caller.key, "POST", "/v1/publications", 200)
    assert call.request_id == answer.headers["X-Request-Id"]
    assert timedelta(0) < timezone.now() - call.at < timedelta(seconds=20)
    assert 0 < call.duration_ms < 20_000


def test_a_refused_call_is_kept_too(log, settings):
    caller = Api("read")

    caller.post("publications", {})
    settings.API_RATE_LIMIT = 1
    caller.get("vouchers/ABC")
    log.write()

    assert list(ApiCall.objects.values_list("path", "status")) == [
        ("/v1/vouchers/{code}", 429),
        ("/v1/publications", 403),
    ]


def test_a_call_without_a_key_is_in_no_log(log):
    caller = Api()
    caller.headers = {}

    caller.get("publications")

    assert log.write() == 0


def test_of_an_address_only_the_route_and_ids_of_ours_are_kept(log):
    caller = Api()

    for path in ("customers/ada@example.com", "vouchers/SECRET-7/publications", "vouchers?code=SECRET-7"):
        caller.get(path)
    caller.get(f"publications/{public_id('pub', 7)}")
    log.write()

    assert set(ApiCall.objects.values_list("path", flat=True)) == {
        "/v1/customers/{customer_id}",
        "/v1/vouchers/{code}/publications",
        "/v1/vouchers",
        f"/v1/publications/{public_id('pub', 7)}",
    }


def test_an_id_of_another_system_is_not_one_of_ours():
    assert path_to_keep("v1/customers/<path:customer_id>", {"customer_id": "cust_7"}) == "/v1/customers/{customer_id}"


def test_nothing_is_noted_where_the_log_is_switched_off(log, settings):
    settings.API_LOG = False

    Api().get("publications")

    assert log.write() == 0


def test_many_calls_are_one_statement(log, django_assert_num_queries):
    for _ in range(1000):
        log.note(a_call())

    with django_assert_num_queries(1):
        assert log.write() == 1000
    assert ApiCall.objects.count() == 1000


def test_what_is_too_much_is_dropped_and_counted(caplog):
    log = QuietLog(room=2)
    for _ in range(5):
        log.note(a_call())

    assert log.write() == 2

    assert "3 calls were not logged: more than 2 waited to be." in caplog.text


def test_a_database_that_is_away_costs_lines_of_the_log_and_nothing_else(log, monkeypatch, caplog):
    log.note(a_call())

    def away():
        raise DatabaseError("the server closed the connection")

    monkeypatch.setattr(connection, "cursor", away)
    monkeypatch.setattr(connection, "close", lambda: None)
    log.write_or_say_why()

    assert "Some calls could not be logged: the server closed the connection" in caplog.text
    assert not log.waiting


def test_a_thread_writes_without_being_asked(monkeypatch):
    written = Event()
    monkeypatch.setattr(api_log, "SECONDS", 0.01)
    log = ApiLog()
    monkeypatch.setattr(log, "write", written.set)

    log.note(a_call())

    assert written.wait(60)
    log.waiting.clear()


def test_calls_are_deleted_after_thirty_days():
    key, _ = create_api_key("Shop", by=STAFF)
    kept = made(key, ago=timedelta(days=29))
    for _ in range(3):
        made(key, ago=timedelta(days=31))

    assert delete_old_calls(batch=2) == 3

    assert ApiCall.objects.get() == kept


@pytest.mark.parametrize(
    ("chosen", "statuses"),
    [
        ({}, [201, 404, 503, 400]),
        ({"status": "2xx"}, [201]),
        ({"status": "4xx"}, [404, 400]),
        ({"status": "503"}, [503]),
        ({"method": "POST"}, [201, 400]),
        ({"q": "/v1/vouchers/"}, [404]),
        ({"q": "campaigns"}, [503]),
        ({"since": "hour"}, [201]),
        ({"since": "week"}, [201, 404, 503]),
        ({"method": "POST", "status": "4xx", "q": "/v1/pub"}, [400]),
    ],
)
def test_the_page_filters(signed_in, chosen, statuses):
    key, _ = create_api_key("Shop", by=STAFF)
    made(key, "/v1/publications", "POST", 201)
    made(key, "/v1/vouchers/{code}", "GET", 404, timedelta(hours=2))
    made(key, "/v1/campaigns", "GET", 503, timedelta(days=2))
    made(key, "/v1/publications", "POST", 400, timedelta(days=20))
    made(create_api_key("Another", by=STAFF)[0])

    page = signed_in("Manager").get(f"/settings/api-keys/{key.pk}/log", chosen)

    assert [row.record.status for row in page.context["table"].page] == statuses


def test_a_filter_looks_through_so_many_calls_and_says_so(signed_in, monkeypatch):
    monkeypatch.setattr(filters, "LOOK_THROUGH", 2)
    key, _ = create_api_key("Shop", by=STAFF)
    for status, minutes in ((404, 1), (200, 2), (404, 3)):
        made(key, status=status, ago=timedelta(minutes=minutes))
    browser = signed_in("Manager")

    page = browser.get(f"/settings/api-keys/{key.pk}/log", {"status": "404"})
    assert len(page.context["table"].page) == 1
    assert "Searched the newest 2 calls, back to" in page.content.decode()

    further = page.context["table"].looked.further
    page = browser.get(f"/settings/api-keys/{key.pk}/log", {"status": "404", "beyond": further})
    assert len(page.context["table"].page) == 1
    assert "Searched all the remaining" in page.content.decode()

    page = browser.get(f"/settings/api-keys/{key.pk}/log")
    assert len(page.context["table"].page) == 3
    assert "Looked at" not in page.content.decode()


def test_the_list_of_keys_leads_to_the_log(signed_in):
    key, _ = create_api_key("Shop", by=STAFF)

    page = signed_in("Manager").get("/settings/api-keys/").content.decode()

    assert f'<a href="/settings/api-keys/{key.pk}/log">Shop</a>' in page


@pytest.mark.parametrize("rows", [1, 50])
def test_the_page_takes_eight_queries_however_many_calls(signed_in, django_assert_num_queries, rows):
    browser = signed_in("Manager")
    key, _ = create_api_key("Shop", by=STAFF)
    for _ in range(rows):
        made(key)

    # session, user, project settings, the user's and the roles' permissions, key, count, rows
    with django_assert_num_queries(8):
        browser.get(f"/settings/api-keys/{key.pk}/log")
