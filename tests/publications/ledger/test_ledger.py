"""What the ledger is asked for, and what it answers: to one, to many, by name, of the past."""

import re
from datetime import UTC, datetime, timedelta
from itertools import takewhile

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from campaigns.codes.models import Voucher
from config.events.models import Outbox
from config.events.note import listen
from config.staff.models import Quarantine
from publications.actions.release import release
from publications.dashboard.erase_customer import erase_customer
from publications.dashboard.verify import verify
from publications.ledger import give as giving
from publications.ledger.give import give, give_one
from publications.ledger.requests import Codes, Declined, Given, PublishRequest
from publications.ledger.statements import several
from publications.models import Publication, PublishedVoucher
from tests.support.factories import (
    STAFF,
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)
from tests.support.plans import analyse, forget_statistics, plan

pytestmark = pytest.mark.django_db(transaction=True)


def request(campaign, customer=None, **more):
    how = {"channel": "API", "origin": "api", "by": STAFF} | more
    return PublishRequest(campaign and campaign.pk, (customer or CustomerFactory()).pk, **how)


def named(voucher, **more):
    return request(voucher.campaign, vouchers=(voucher.pk,), **more)


def codes_of(answer):
    rows = PublishedVoucher.objects.filter(publication=answer.publication, released_at=None)
    return list(rows.order_by("voucher_id").values_list("code", flat=True))


def erased():
    customer = CustomerFactory()
    erase_customer(customer, by=STAFF)
    return customer


def broken():
    """Settings of the test's own server aside."""
    return [found.name for found in verify() if found.violations and "survives a crash" not in found.name]


def test_each_gets_as_many_as_they_ask_for_in_turn():
    campaign = CampaignFactory(codes=6)
    pool = list(campaign.vouchers.order_by("pk").values_list("code", flat=True))

    answers = give([request(campaign, quantity=n) for n in (1, 3, 2)], Codes.NEXT)

    assert [codes_of(answer) for answer in answers] == [pool[:1], pool[1:4], pool[4:]]
    assert [answer.publication for answer in answers] == sorted(answer.publication for answer in answers)
    assert not campaign.vouchers.filter(published_at=None).exists()
    assert broken() == []


def test_what_was_asked_for_stands_in_the_publication():
    campaign, moment = CampaignFactory(codes=2), datetime(2024, 5, 1, 12, 30, tzinfo=UTC)
    one = request(
        campaign, channel="Till ✓", source_id="order-1", request_hash=b"\x00\xff" * 16, metadata={"a": [1, {"b": "ü"}]},
        join_once=True, activity="P1DT2H", moment=moment,
    )  # fmt: skip
    other = request(campaign, origin="dashboard")

    answers = give([one, other], Codes.NEXT, vouchers=True)

    first, second = (Publication.objects.get(pk=answer.publication) for answer in answers)
    assert (first.channel, first.source_id, bytes(first.request_hash), first.metadata, first.join_once) == (
        "Till ✓", "order-1", b"\x00\xff" * 16, {"a": [1, {"b": "ü"}]}, True,
    )  # fmt: skip
    assert (first.created_at, first.actor_kind, first.actor_id, first.actor_label) == (moment, *STAFF)
    assert (second.source_id, second.request_hash, second.metadata, second.join_once) == (None, None, None, False)
    voucher, untouched = answers[0].vouchers[0], answers[1].vouchers[0]
    assert voucher == Voucher.objects.get(pk=voucher.pk)
    assert (voucher.published_at, voucher.expiration_date) == (moment, moment + timedelta(hours=26))
    assert (untouched.published_at, untouched.expiration_date) == (second.created_at, None)


def test_one_and_many_write_the_same():
    campaign = CampaignFactory(codes=2, activity_duration="P30D")
    how = {"metadata": {"n": 1}, "activity": "P30D", "moment": datetime(2024, 5, 1, tzinfo=UTC)}
    give_one(request(campaign, source_id="a", request_hash=b"h" * 32, **how), Codes.NEXT)
    give([request(campaign, source_id="b", request_hash=b"h" * 32, **how)], Codes.NEXT)

    def rows(model, *but):
        return [{key: value for key, value in row.items() if key not in but} for row in model.objects.values()]

    publications = rows(Publication, "id", "customer_id", "source_id")
    ledger = rows(PublishedVoucher, "id", "publication_id", "voucher_id", "code")
    vouchers = rows(Voucher, "id", "code", "created_at")
    assert publications[0] == publications[1]
    assert ledger[0] == ledger[1]
    assert vouchers[0] == vouchers[1]


def test_with_too_few_codes_the_last_get_none():
    campaign = CampaignFactory(codes=4)

    answers = give([request(campaign, quantity=n) for n in (2, 3, 1)], Codes.NEXT)

    # The second wants three of which two are left; the third's place is behind it.
    assert [type(answer) for answer in answers] == [Given, Declined, Declined]
    assert answers[1:] == [Declined.NO_CODES] * 2
    assert campaign.vouchers.filter(published_at=None).count() == 2


def test_fewer_will_do_where_that_is_said():
    campaign = CampaignFactory(codes=4)

    (some,) = give([request(campaign, quantity=9, at_least=1)], Codes.NEXT)
    (none,) = give([request(campaign, quantity=9, at_least=1)], Codes.NEXT)

    assert (some.quantity, len(codes_of(some)), none) == (4, 4, Declined.NO_CODES)


def test_a_repeat_is_declined_and_its_codes_stay():
    campaign, customer = CampaignFactory(codes=9), CustomerFactory()
    give([request(campaign, source_id="order-1"), request(campaign, customer, join_once=True)], Codes.NEXT)

    answers = give(
        [
            request(campaign, source_id="order-1"),
            request(campaign, source_id="order-2"),
            request(campaign, customer, join_once=True),
            request(campaign, source_id="order-2"),
        ],
        Codes.NEXT,
    )

    assert [answer for answer in answers if not isinstance(answer, Given)] == [Declined.REPEAT] * 3
    assert isinstance(answers[1], Given)
    assert campaign.vouchers.filter(published_at=None).count() == 6
    assert broken() == []


def test_the_erased_are_given_nothing():
    campaign, gone = CampaignFactory(codes=3), erased()

    answers = give([request(campaign), request(campaign, gone), request(campaign)], Codes.NEXT)

    assert [isinstance(answer, Given) for answer in answers] == [True, False, True]
    assert answers[1] is Declined.CUSTOMER_GONE
    assert give_one(request(campaign, gone), Codes.NEXT) is None


@pytest.mark.parametrize("codes", Codes)
def test_nothing_is_given_in_a_quarantine(codes):
    voucher = VoucherFactory()
    Quarantine.objects.create(cause="restored", lost_since=datetime.now(UTC))

    assert give([named(voucher)], codes) == [Declined.QUARANTINED]
    if codes in (Codes.NEXT, Codes.NAMED):
        assert give_one(named(voucher), codes) is None


@pytest.mark.parametrize(
    ("campaign", "given", "if_active"),
    [
        ({}, True, True),
        ({"active": False}, True, False),
        ({"deleted_at": datetime(2020, 1, 1, tzinfo=UTC)}, False, False),
        ({"expiration_date": datetime(2020, 1, 1, tzinfo=UTC)}, False, False),
        ({"expiration_date": datetime(2120, 1, 1, tzinfo=UTC)}, True, True),
    ],
)
def test_a_campaign_that_is_over_gives_nothing(campaign, given, if_active):
    def answers(**how):
        return isinstance(give([request(CampaignFactory(codes=1, **campaign))], Codes.NEXT, **how)[0], Given)

    assert (answers(), answers(only_active=True)) == (given, if_active)
    assert bool(give_one(request(CampaignFactory(codes=1, **campaign)), Codes.NEXT)) == given
    voucher = VoucherFactory(campaign=CampaignFactory(**campaign))
    assert bool(give_one(named(voucher), Codes.NAMED)) == given
    voucher = VoucherFactory(campaign=CampaignFactory(**campaign))
    assert isinstance(give([named(voucher)], Codes.NAMED)[0], Given) == given


def test_by_name_each_gets_theirs_and_who_cannot_is_told():
    first, taken, expired, last = VoucherFactory.create_batch(4)
    published(taken)
    Voucher.objects.filter(pk=expired.pk).update(expiration_date=datetime(2020, 1, 1, tzinfo=UTC))
    both = request(None, vouchers=(first.pk, expired.pk), quantity=2)

    answers = give([named(last), named(taken), both, named(StandaloneVoucherFactory()), named(first)], Codes.NAMED)

    assert answers[1:3] == [Declined.NO_CODES] * 2
    assert codes_of(answers[0]) == [last.code]
    assert codes_of(answers[4]) == [first.code]


def test_of_the_past_it_does_not_matter_what_has_become_of_a_code():
    disabled = VoucherFactory(active=False, expiration_date=datetime(2020, 1, 1, tzinfo=UTC))
    held = published().vouchers[0]

    answers = give([named(disabled), named(held)], Codes.PAST)

    assert [isinstance(answer, Given) for answer in answers] == [True, False]


def test_two_for_one_code_are_refused_and_nothing_is_left_behind():
    voucher, other = VoucherFactory.create_batch(2)

    with pytest.raises(IntegrityError):
        give([named(other), named(voucher), named(voucher)], Codes.NAMED)

    assert not Publication.objects.exists()
    assert not Voucher.objects.exclude(published_at=None).exists()


def test_a_publication_that_stands_gets_more_and_is_no_longer_void():
    campaign = CampaignFactory(codes=5)
    (first,) = give([request(campaign, quantity=2)], Codes.NEXT)
    for voucher in Voucher.objects.exclude(published_at=None):
        release(voucher, by=STAFF, reason="Test")

    (more,) = give([request(campaign, quantity=9, at_least=1)], Codes.NEXT, into=first.publication)

    publication = Publication.objects.get()
    assert (more.publication, more.quantity, publication.voucher_count, publication.voided_at) == (
        first.publication, 3, 5, None,
    )  # fmt: skip
    assert broken() == []


def test_who_listens_is_told_once_for_each_unless_it_is_past():
    campaign = CampaignFactory(codes=4)
    listen("publication.succeeded", owner="test")

    told = give([request(campaign), request(campaign)], Codes.NEXT)
    give([request(campaign)], Codes.NEXT, noted=False)

    assert sorted(Outbox.objects.values_list("object_key", flat=True)) == [answer.publication for answer in told]


def test_a_hint_that_is_too_high_hides_no_code():
    campaign = CampaignFactory(codes=2)
    giving._taken_up_to[campaign.pk] = 2**40

    assert isinstance(give([request(campaign)], Codes.NEXT)[0], Given)
    giving._taken_up_to[campaign.pk] = 2**40
    assert give_one(request(campaign), Codes.NEXT)


def test_whatever_is_drawn_is_drawn_inside_the_statement():
    campaign = CampaignFactory(codes=3)

    with CaptureQueriesContext(connection) as queries:
        give([request(campaign) for _ in range(3)], Codes.NEXT)

    assert [query["sql"].split()[0] for query in queries if 'customers_customer"' not in query["sql"]] == ["WITH"]


def test_more_than_a_statement_holds_are_all_given(monkeypatch):
    monkeypatch.setattr(giving, "AT_ONCE", 3)
    campaign = CampaignFactory(codes=7)

    with transaction.atomic():
        answers = give([request(campaign) for _ in range(8)], Codes.NEXT)

    assert [isinstance(answer, Given) for answer in answers] == [True] * 7 + [False]
    assert PublishedVoucher.objects.values("voucher").distinct().count() == 7


@pytest.mark.parametrize("analysed", [True, False])
@pytest.mark.parametrize("codes", [Codes.NEXT, Codes.NAMED])
def test_nothing_compares_everybody_with_everybody(codes, analysed):
    """While tables are new the planner expects one row of each, and a join of two such by loops took minutes (ADR 0016)."""
    campaign = CampaignFactory(codes=10)
    values = giving._values([named(voucher) for voucher in campaign.vouchers.all()]) | {"after": 0, "publication": None}
    tables = "codes_voucher", "campaigns_campaign", "publications_publication", "customers_customer"
    if analysed:
        analyse(*tables)
    else:
        forget_statistics(*tables)

    lines = plan(several(codes), values, options="COSTS OFF").splitlines()

    def indent(line):
        return len(line) - len(line.lstrip())

    loops = [n for n, line in enumerate(lines) if "Nested Loop" in line]
    for loop in loops:
        deep = indent(lines[loop])
        below = list(takewhile(lambda line, deep=deep: indent(line) > deep, lines[loop + 1 :]))
        nodes = [line for line in below if line.lstrip().startswith("->")]
        outer, inner = (line for line in nodes if indent(line) == min(map(indent, nodes)))
        # `codes` is one row. Whatever else is read again and again is an index, or belongs to the outer row alone.
        assert " on codes" in outer + inner or not re.search(r"(CTE|Seq) Scan", inner), "\n".join(lines)
    assert loops
