"""Publications of another system come in by CSV files: each code to whom it went, when it went."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from campaigns.codes.models import Voucher
from config.events.models import Outbox
from config.staff.models import AuditEntry
from customers.models import Customer
from publications.actions.publish import publish
from publications.actions.release import release
from publications.dashboard.erase_customer import erase_customer
from publications.dashboard.verify import verify
from publications.models import Publication, PublishedVoucher
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published
from tests.support.imports import counts, error_rows, imported_publications, refused, sample

pytestmark = pytest.mark.django_db
FIRST, SECOND = datetime(2022, 9, 20, 8, 0, 0, 123000, UTC), datetime(2022, 9, 21, 9, 30, tzinfo=UTC)


def autumn(**options):
    campaign = CampaignFactory(name="Autumn coffee", **options)
    return campaign, [VoucherFactory(campaign=campaign, code=code) for code in ("AUTUMN-7KQ2", "AUTUMN-9XWD")]


def broken() -> list[str]:
    """Settings of the test's own server aside."""
    return [found.name for found in verify() if found.violations and "survives a crash" not in found.name]


@pytest.mark.parametrize("name", ["voucherify-publications.csv", "voucherify-publications-labels.csv"])
def test_an_export_imports_as_it_is(name):
    campaign, (one, two) = autumn()
    ann = CustomerFactory(source_id="shop-1")

    done = imported_publications(sample(name))

    first, second = Publication.objects.order_by("id")
    assert (done.status, counts(done)) == ("done", (2, 2, 0, 0))
    assert (first.campaign, first.customer, first.created_at, first.channel) == (campaign, ann, FIRST, "API")
    assert (first.result, first.origin, first.voucher_count) == ("SUCCESS", "import", 1)
    assert (first.metadata, first.actor_label, first.join_once) == ({"provider": "Shop Admin"}, STAFF.label, False)
    assert (second.channel, second.created_at, second.metadata) == ("newsletter_October", SECOND, None)
    assert second.customer.source_id == "cust_7iUa6ICKyU6gH40dBU25kQU1"
    assert list(PublishedVoucher.objects.order_by("id").values_list("publication", "voucher")) == [
        (first.pk, one.pk),
        (second.pk, two.pk),
    ]
    assert list(Voucher.objects.order_by("id").values_list("published_at", flat=True)) == [FIRST, SECOND]
    assert broken() == []


def test_it_is_audited_and_told_to_no_webhook():
    autumn()

    imported_publications(sample("voucherify-publications.csv"))

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.details["imported"], entry.actor_label) == ("publications.imported", 2, STAFF.label)
    assert not Outbox.objects.exists()


def test_the_same_file_once_more_changes_nothing():
    autumn()
    imported_publications(sample("voucherify-publications.csv"))

    again = imported_publications(sample("voucherify-publications.csv"))

    assert (again.status, counts(again)) == ("done", (2, 0, 0, 0))
    assert (Publication.objects.count(), Customer.objects.count()) == (2, 2)


def test_what_was_released_since_stays_released():
    _, (one, _) = autumn()
    imported_publications(sample("voucherify-publications.csv"))
    release(one, by=STAFF, reason="Returned")

    again = imported_publications(sample("voucherify-publications.csv"))

    one.refresh_from_db()
    assert counts(again) == (2, 0, 0, 0)
    assert one.published_at is None


def test_the_customer_is_found_by_source_id_else_by_the_old_id_else_added():
    for n in range(5):
        VoucherFactory(code=f"C{n}")
    ann, ben = CustomerFactory(source_id="s1"), CustomerFactory(source_id="cust_old")

    imported_publications(
        "Voucher Code,Customer Source ID,Customer ID\nC0,s1,cust_old\nC1,s2,cust_old\nC2,,cust_old\nC3,s3,cust_3\nC4,,cust_4\n"
    )

    holders = Publication.objects.order_by("id").values_list("customer__source_id", flat=True)
    assert list(holders) == ["s1", ann.source_id and "cust_old", "cust_old", "s3", "cust_4"]
    assert Customer.objects.count() == 4
    assert ben.publications.count() == 2


def test_a_row_is_refused_whose_code_is_missing_or_deleted_or_somebody_elses():
    holder = published(VoucherFactory(code="TAKEN")).customer
    at = timezone.localtime(Voucher.objects.get().published_at, UTC)
    VoucherFactory(code="DELETED", deleted_at=timezone.now())
    VoucherFactory(code="IN-DELETED", campaign=CampaignFactory(deleted_at=timezone.now()))

    done = imported_publications(
        "Code,Customer ID,Date\nNONE,c1,2022-01-01\nTAKEN,c2,2022-01-01\nDELETED,c3,2022-01-01\nIN-DELETED,c4,2022-01-01\n,c5,\n"
    )

    assert counts(done) == (5, 0, 0, 5)
    assert refused(done) == [
        (2, "Code: is not a known code. Import the codes first, then this row again."),
        (
            3,
            f"Code: already published to {holder.public_id}, at {at:%Y-%m-%dT%H:%M:%SZ}. Correct the row, or remove it.",
        ),
        (4, "Code: was deleted. Remove the row."),
        (5, "Code: was deleted. Remove the row."),
        (6, "Code: is empty. Every row needs a code."),
    ]
    assert list(Customer.objects.all()) == [holder]  # nobody was added for a row that was refused
    assert [row[0] for row in error_rows(done)[1:]] == ["NONE", "TAKEN", "DELETED", "IN-DELETED", ""]


def test_the_same_customer_at_another_moment_is_refused():
    VoucherFactory(code="A")
    imported_publications("Code,Customer ID,Date\nA,c1,2022-01-01\n")

    done = imported_publications("Code,Customer ID,Date\nA,c1,2022-01-02\n")

    assert counts(done) == (1, 0, 0, 1)


def test_a_code_that_the_file_repeats_is_published_once():
    VoucherFactory(code="A")

    done = imported_publications("Code,Customer ID,Date\nA,c1,2022-01-01\nA,c2,2022-01-02\n")

    assert refused(done) == [(3, "Code: is the same as in row 2. Each code is published once. Remove one of the rows.")]
    assert Publication.objects.get().customer.source_id == "c1"


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("A,c,2999-01-01,", "Date: “2999-01-01” is in the future. Only past publications can be imported."),
        ("A,c,yesterday,", "Date: “yesterday” is not a date. Write it as 2026-11-30 or 2026-11-30T23:59:00Z."),
        (f"A,{'c' * 256},,", "Customer ID: can have at most 255 characters; this has 256. Shorten it."),
        ("A,c,,[1]", "Metadata: Metadata must be a JSON object, such as {\"lang\": \"en\"}."),
    ],
)  # fmt: skip
def test_a_bad_cell_says_how_to_mend_it(row, error):
    VoucherFactory(code="A")

    done = imported_publications(f"Code,Customer ID,Date,Metadata\n{row}\n")

    assert refused(done) == [(2, error)]


def test_holders_in_a_file_of_codes_are_publications_and_the_other_codes_stay_in_the_pool():
    campaign, _ = autumn()
    VoucherFactory(campaign=campaign, code="AUTUMN-FREE")

    done = imported_publications(sample("voucherify-codes.csv"))

    assert (done.status, counts(done)) == ("done", (3, 2, 0, 0))
    assert list(Voucher.objects.filter(published_at=None).values_list("code", flat=True)) == ["AUTUMN-FREE"]
    first = Publication.objects.order_by("id")[0]
    assert (first.customer.source_id, first.channel) == ("shop-1", "API")
    assert timezone.now() - first.created_at < timedelta(minutes=1)


def test_a_file_of_holders_after_the_publications_adds_nothing():
    campaign, _ = autumn()
    VoucherFactory(campaign=campaign, code="AUTUMN-FREE")
    imported_publications(sample("voucherify-publications.csv"))

    done = imported_publications(sample("voucherify-codes.csv"))

    assert counts(done) == (3, 0, 0, 0)


def test_a_publication_to_nobody_known_still_takes_its_code_from_the_pool():
    VoucherFactory(code="A")

    done = imported_publications("Code,Customer ID,Date\nA,,2022-01-01\n")
    again = imported_publications("Code,Customer ID,Date\nA,,2022-01-01\n")

    assert (counts(done), counts(again)) == ((1, 1, 0, 0), (1, 0, 0, 0))
    assert Publication.objects.get().customer is None
    assert broken() == []


def test_a_disabled_and_expired_code_keeps_its_past():
    VoucherFactory(code="A", active=False, expiration_date=datetime(2022, 2, 1, tzinfo=UTC))

    done = imported_publications("Code,Customer ID,Date\nA,c1,2022-01-01\n")

    assert counts(done) == (1, 1, 0, 0)


def test_the_expiration_that_a_code_brings_along_wins_over_the_campaigns_duration():
    campaign = CampaignFactory(activity_duration="P30D")
    own, none = datetime(2022, 1, 15, tzinfo=UTC), VoucherFactory(campaign=campaign, code="B")
    VoucherFactory(campaign=campaign, code="A", expiration_date=own)

    imported_publications("Code,Customer ID,Date\nA,c1,2022-01-01\nB,c2,2022-01-01\n")

    none.refresh_from_db()
    assert Voucher.objects.get(code="A").expiration_date == own
    assert none.expiration_date == datetime(2022, 1, 31, tzinfo=UTC)


def test_of_several_codes_of_a_join_once_campaign_the_oldest_counts():
    campaign = CampaignFactory(join_once=True, codes=1)
    for code in "ABC":
        VoucherFactory(campaign=campaign, code=code)

    done = imported_publications("Code,Customer ID,Date\nA,c1,2022-01-03\nB,c1,2022-01-01\nC,c2,2022-01-02\n")

    marked = Publication.objects.order_by("ledger__code").values_list("ledger__code", "join_once")
    assert counts(done) == (3, 3, 0, 0)
    assert list(marked) == [("A", False), ("B", True), ("C", True)]
    answer = publish(campaign, Customer.objects.get(source_id="c1"), origin="api", by=STAFF)
    assert (answer.repeated, answer.vouchers[0].code) == (True, "B")
    assert broken() == []


def test_a_join_once_publication_that_is_here_already_counts_on():
    campaign, customer = CampaignFactory(join_once=True, codes=1), CustomerFactory(source_id="c1")
    here = publish(campaign, customer, origin="api", by=STAFF)
    VoucherFactory(campaign=campaign, code="A")

    imported_publications("Code,Customer ID,Date\nA,c1,2022-01-01\n")

    assert list(Publication.objects.filter(join_once=True)) == [here]
    assert Publication.objects.filter(customer=customer).count() == 2


def test_all_or_nothing_leaves_nothing():
    _, (one, _) = autumn()

    done = imported_publications(
        "Code,Customer ID,Date\nAUTUMN-7KQ2,c1,2022-01-01\nNONE,c2,\n", on_error="all_or_nothing"
    )

    one.refresh_from_db()
    assert (done.status, counts(done)) == ("failed", (2, 0, 0, 1))
    assert (one.published_at, Customer.objects.count()) == (None, 0)


def test_all_or_nothing_imports_all():
    autumn()

    done = imported_publications(sample("voucherify-publications.csv"), on_error="all_or_nothing")

    assert (done.status, counts(done)) == ("done", (2, 2, 0, 0))


def test_an_erased_customer_is_not_brought_back_by_the_old_file():
    autumn()
    imported_publications(sample("voucherify-publications.csv"))
    erase_customer(Customer.objects.get(source_id="shop-1"), by=STAFF)

    imported_publications(sample("voucherify-publications.csv"))

    assert not Customer.objects.filter(source_id="shop-1").exists()
