"""A batch on the express lane: who gets a code, who is left to the ordinary way, and that neighbours do not notice."""

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection
from django.test.utils import CaptureQueriesContext
from psycopg import errors

from campaigns.codes.models import Voucher
from config.api import auth
from config.staff.models import Quarantine
from customers.models import Customer
from publications.lane import serve as serving
from publications.models import Publication, PublishedVoucher
from tests.publications.lane.by_lane import environ_of, publish_together
from tests.support.api.calls import Api
from tests.support.factories import CampaignFactory, CustomerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return Api("publish")


def body(customer="12344", campaign="Coffee", **more):
    return {"campaign": campaign, "customer": customer} | more


def is_left(answer):
    return answer is None


def test_a_batch_of_one_campaign_is_four_statements(shop):
    CampaignFactory(name="Coffee", codes=10)
    for n in range(8):
        CustomerFactory(source_id=f"c{n}")
    publish_together(shop, body("c0"))  # notes that the key is in use

    with CaptureQueriesContext(connection) as queries:
        answers = publish_together(shop, *(body(f"c{n}") for n in range(8)))

    assert [query["sql"].split()[0] for query in queries] == ["SELECT", "SELECT", "SELECT", "WITH"]
    assert [answer["tracking_id"] for answer in answers] == [f"c{n}" for n in range(8)]
    assert len({answer["voucher"]["code"] for answer in answers}) == 8


def test_what_is_not_the_common_case_is_left_and_its_neighbours_are_served(shop):
    CampaignFactory(name="Coffee", codes=20)
    odd = [
        b"{", b"[]", b"\xff", b'{"campaign": "Coffee", "campaign": "Tea"}', {}, body(None), body(""),
        body(campaign={"name": "Coffee", "count": 2}), body(campaign="No such"), body(voucher="A"),
        body({"email": "a@example.com"}), body({"source_id": "x" * 256}), body("a", metadata={"x": "y" * 40_000}),
        body({"id": "cust_W2nVd9LpYc6HsJ3a0"}), body("b", channel=""), body("b", source_id=7),
    ]  # fmt: skip

    answers = publish_together(shop, *(each for wrong in odd for each in (wrong, body("neighbour"))))

    served = [not is_left(answer) for answer in answers]
    assert served == [False, True] * len(odd)


def test_a_wrong_key_is_left_and_a_revoked_one(shop):
    CampaignFactory(name="Coffee", codes=5)
    revoked, reading, stranger = Api("publish"), Api("read"), Api("publish")
    revoked.key.revoked_at = revoked.key.created_at
    revoked.key.save()
    stranger.headers = stranger.headers | {"X-App-Token": "wrong"}

    answers = serving.serve([environ_of(who, body()) for who in (revoked, shop, reading, shop, stranger)])

    assert [bool(answer) for answer in answers] == [False, True, False, True, False]


def test_a_call_that_is_left_is_counted_once(shop, settings):
    CampaignFactory(name="Coffee", codes=5)
    settings.API_RATE_LIMIT = 10
    environ = environ_of(shop, body(campaign="No such"))

    assert serving.serve([environ]) == [None]
    counted = environ[auth.COUNTED]

    assert counted.remaining == 9
    assert shop.client.generic("POST", "/v1/publications", b"{}", "application/json", headers=shop.headers, **{
        auth.COUNTED: counted
    })["X-Rate-Limit-Remaining"] == "9"  # fmt: skip
    assert shop.get("publications").headers["X-Rate-Limit-Remaining"] == "8"


def test_beyond_the_limit_a_call_is_left(shop, settings):
    CampaignFactory(name="Coffee", codes=5)
    settings.API_RATE_LIMIT = 2

    assert [bool(answer) for answer in publish_together(shop, *[body()] * 4)] == [True, True, False, False]


def test_a_source_id_twice_in_a_batch_is_given_one_code(shop):
    CampaignFactory(name="Coffee", codes=5)

    first, second = publish_together(shop, body("a", source_id="order-1"), body("a", source_id="order-1"))
    (again,) = publish_together(shop, body("a", source_id="order-1"))

    assert is_left(second)
    assert again == first
    assert Publication.objects.count() == 1


def test_a_source_id_that_was_used_otherwise_is_left_and_makes_no_customer(shop):
    CampaignFactory(name="Coffee", codes=5)
    publish_together(shop, body("a", source_id="order-1"))

    assert publish_together(shop, body("new", source_id="order-1")) == [None]
    assert not Customer.objects.filter(source_id="new").exists()


def test_who_joins_once_gets_the_same_code_again(shop):
    CampaignFactory(name="Coffee", codes=5, join_once=True)

    first, second, other = publish_together(shop, body("a"), body("a"), body("b"))
    (again,) = publish_together(shop, body("a"))

    assert is_left(second)
    assert again == first
    assert other["voucher"]["code"] != first["voucher"]["code"]
    assert Voucher.objects.filter(published_at=None).count() == 3


def test_new_customers_are_made_once_and_with_all_that_was_said(shop):
    CampaignFactory(name="Coffee", codes=5)
    ada = {"source_id": "a", "name": " Ada ", "email": "ada@example.com", "birthdate": "1815-12-10",
           "address": {"city": "London", "country": None}, "metadata": {"lang": "en"}}  # fmt: skip

    first, second, third = publish_together(shop, body(ada), body("a"), body({"source_id": "a", "name": "Eve"}))

    assert first["customer_id"] == second["customer_id"]
    assert is_left(third)  # says something else of her
    customer = Customer.objects.get(source_id="a")
    assert (customer.name, customer.email, str(customer.birthdate), customer.address, customer.metadata) == (
        "Ada", "ada@example.com", "1815-12-10", {"city": "London"}, {"lang": "en"},
    )  # fmt: skip


def test_a_profile_is_changed_by_the_ordinary_way_only(shop):
    CampaignFactory(name="Coffee", codes=5)
    known = CustomerFactory(source_id="a", name="Ada")

    same, other, by_id = publish_together(
        shop, body({"source_id": "a", "name": "Ada"}), body({"source_id": "a", "name": "Eve"}), body(known.public_id)
    )

    assert same["customer_id"] == by_id["customer_id"] == known.public_id
    assert is_left(other)
    known.refresh_from_db()
    assert known.name == "Ada"


def test_several_campaigns_are_served_in_one_transaction(shop):
    for name in ("Coffee", "Tea", "Milk"):
        CampaignFactory(name=name, codes=8)

    wanted = ["Coffee", "Tea", "Coffee", "Milk", "Coffee", "Tea", "Coffee", "Coffee"]
    answers = publish_together(shop, *(body(f"c{n}", name) for n, name in enumerate(wanted)))

    assert [answer["voucher"]["campaign"] for answer in answers] == wanted
    assert PublishedVoucher.objects.values("voucher").distinct().count() == len(wanted)


def test_campaigns_of_which_few_wait_are_served_by_one_statement(shop):
    """And those of which somebody else waits as well by a second one."""
    for n in range(6):
        CampaignFactory(name=f"Coffee {n}", codes=n and 2)
    wanted = [f"Coffee {n}" for n in (5, 3, 0, 1, 2, 4, 1)]
    publish_together(shop, *(body(f"c{n}") for n in range(len(wanted))))

    for served in (True, False):  # the second time only those have a code left of which one call waited
        with CaptureQueriesContext(connection) as queries:
            answers = publish_together(shop, *(body(f"c{n}", name) for n, name in enumerate(wanted)))

        left = {"Coffee 0"} if served else {"Coffee 0", "Coffee 1"}
        assert [each and each["voucher"]["campaign"] for each in answers] == [
            None if name in left else name for name in wanted
        ]
        assert sum("SKIP LOCKED" in query["sql"] and "json_to_recordset" in query["sql"] for query in queries) == 2
    assert PublishedVoucher.objects.values("voucher").distinct().count() == 10


def test_a_hot_campaign_starves_no_other_even_when_it_is_empty(shop):
    CampaignFactory(name="Hot", codes=20)
    CampaignFactory(name="Quiet", codes=2)

    hot = [body(f"c{n}", "Hot") for n in range(62)]
    answers = publish_together(shop, *hot, body("a", "Quiet"), body("b", "Quiet"))

    assert [bool(answer) for answer in answers] == [True] * 20 + [False] * 42 + [True] * 2


def test_with_too_few_codes_the_first_are_served_and_the_rest_are_left(shop):
    CampaignFactory(name="Coffee", codes=3)

    answers = publish_together(shop, *(body(f"c{n}") for n in range(8)))

    assert [bool(answer) for answer in answers] == [True] * 3 + [False] * 5
    assert shop.post("publications", body("c7")).error[1] == "no_voucher_suitable_for_publication"
    assert publish_together(shop, body("c7")) == [None]  # known to be empty: not even asked


def test_nothing_is_given_in_a_quarantine(shop):
    CampaignFactory(name="Coffee", codes=3)
    Quarantine.objects.create(cause="restored", lost_since="2026-01-01T00:00Z")

    assert publish_together(shop, body()) == [None]


@pytest.fixture
def giving(monkeypatch):
    """`giving(problem)` has the ledger fail; `.calls` is how often it was asked."""

    class Ledger:
        calls = 0

        def __call__(self, problem):
            def fail(*_, **__):
                self.calls += 1
                raise problem

            monkeypatch.setattr(serving, "give", fail)
            monkeypatch.setattr(serving, "give_one", fail)
            monkeypatch.setattr(connection, "close", lambda: None)  # the test's own transaction goes on

    return Ledger()


def caused(kind, by):
    try:
        raise kind("told by the database") from by
    except DatabaseError as problem:
        return problem


@pytest.mark.parametrize(
    "problem",
    [
        caused(OperationalError, errors.DeadlockDetected()),
        caused(OperationalError, errors.LockNotAvailable()),
        caused(IntegrityError, errors.UniqueViolation()),
        caused(DatabaseError, errors.RaiseException()),
    ],
)
def test_what_was_undone_for_sure_is_left_to_the_ordinary_way_each_alone(shop, giving, problem):
    CampaignFactory(name="Coffee", codes=5)
    giving(problem)

    assert publish_together(shop, body("a"), body("b")) == [None, None]
    assert giving.calls == 1


@pytest.mark.parametrize(
    "problem",
    [
        caused(OperationalError, errors.AdminShutdown()),  # may be told after the commit
        caused(OperationalError, errors.OperationalError("server closed the connection unexpectedly")),
        caused(OperationalError, errors.StatementCompletionUnknown()),
        caused(OperationalError, errors.QueryCanceled()),
        OperationalError("the connection is lost"),
    ],
)
def test_after_a_lost_connection_nothing_is_repeated_and_all_are_told(shop, giving, problem):
    CampaignFactory(name="Coffee", codes=5)
    earlier = publish_together(shop, body("z", source_id="order-0"))[0]
    giving(problem)

    answers = publish_together(
        shop, body("a"), body("b", source_id="order-1"), body("z", source_id="order-0"), body(campaign="No such")
    )

    assert [answer and answer["status"] for answer in answers] == [503, 503, 200, None]
    assert answers[0]["key"] == "service_unavailable"
    assert answers[2] == earlier
    assert giving.calls == 1


def test_before_anything_was_given_a_lost_connection_is_left_to_the_ordinary_way(shop, giving, monkeypatch):
    CampaignFactory(name="Coffee", codes=5)
    giving(OperationalError("not asked"))

    def away(*_):
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(serving, "find_campaigns", away)

    assert publish_together(shop, body("a"), body("b")) == [None, None]
    assert giving.calls == 0


def test_an_answer_that_cannot_be_told_touches_no_neighbour(shop, monkeypatch):
    CampaignFactory(name="Coffee", codes=5)
    told = serving.Call._published

    def broken(call, publication):
        if publication.customer.source_id == "b":
            monkeypatch.setattr("publications.lane.api.call.published_answer", lambda _: 1 / 0)
            try:
                return told(call, publication)
            finally:
                monkeypatch.undo()
        return told(call, publication)

    monkeypatch.setattr(serving.Call, "_published", broken)
    answers = publish_together(shop, body("a"), body("b"))

    assert [answer["status"] for answer in answers] == [200, 500]
    assert Publication.objects.count() == 2
