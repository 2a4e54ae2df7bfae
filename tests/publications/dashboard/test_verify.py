"""`manage.py verify` sees each invariant broken: here each is broken on purpose, past the guards of the database."""

import contextlib
import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.utils import timezone

from campaigns.codes.models import CodeOrder, Voucher
from config.staff import audit
from publications.actions.hold_back import hold_back
from publications.actions.publish import publish
from publications.actions.release import release
from publications.dashboard.erase_customer import erase_customer
from publications.dashboard.verify import INVARIANTS, broken_rows, verify
from publications.exports.models import Export
from publications.models import Publication, PublishedVoucher
from publications.redemptions.actions.redeem import redeem
from publications.refusals import NoVoucherSuitable
from publications.tallies.count_publications import count_publications
from publications.tallies.models import TallyProgress
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db

LOOSEN = """
ALTER TABLE publications_publishedvoucher DISABLE TRIGGER USER;
ALTER TABLE codes_voucher DISABLE TRIGGER USER;
DROP INDEX ledger_voucher_live_once;
DROP INDEX publication_source_id_once;
DROP INDEX publication_join_once;
ALTER TABLE codes_voucher DROP CONSTRAINT voucher_code_unique;
ALTER TABLE codes_voucher DROP CONSTRAINT voucher_withdrawn_says_why;
ALTER TABLE codes_voucher DROP CONSTRAINT voucher_used_left_the_pool;
ALTER TABLE codes_voucher DROP CONSTRAINT voucher_withdrawn_is_not_published;
ALTER TABLE codes_voucher DROP CONSTRAINT voucher_limit_positive;
ALTER TABLE campaigns_campaign DROP CONSTRAINT campaign_limit_positive;
ALTER TABLE publications_publishedvoucher DROP CONSTRAINT ledger_release_has_reason;
ALTER TABLE publications_publication DROP CONSTRAINT publication_join_once_is_one;
ALTER TABLE customers_customer DROP CONSTRAINT customer_erased_holds_nothing;
"""


def broken() -> set[str]:
    """The names of the broken invariants, but for the two that a loosened test database breaks anyway."""
    always = {"the database's guards stand", "what was answered survives a crash of the database"}
    return {finding.name for finding in verify() if finding.violations} - always


def run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.fixture
def history():
    """A little of everything: single and several codes, join once, a repeat, a release, a failure."""
    campaign = CampaignFactory(codes=6, join_once=False)
    joined = CampaignFactory(codes=2, join_once=True)
    publish(campaign, CustomerFactory(), count=2, origin="api", by=STAFF)
    publish(campaign, {"source_id": "c-1"}, source_id="order-1", origin="api", by=STAFF)
    publish(joined, CustomerFactory(), origin="api", by=STAFF)
    release(published().vouchers[0], by=STAFF, reason="Returned")
    published()
    audit.record("test.done", by=STAFF)
    count_publications()
    TallyProgress.objects.update(noted_at=timezone.now() - timedelta(minutes=2))
    count_publications()
    connection.check_constraints()
    run("SET CONSTRAINTS ALL IMMEDIATE")  # ALTER TABLE wants no check pending


def test_a_sound_database_breaks_nothing(history):
    assert broken() == set()


def test_every_invariant_is_examined(history):
    assert [finding.name for finding in verify()] == [invariant.name for invariant in INVARIANTS]
    counts = {finding.name: finding.examined for finding in verify()}
    assert counts["a voucher is in at most one live publication"] == 5
    assert counts["a release names its reason and who did it"] == 1


@pytest.mark.parametrize(
    ("sql", "invariant"),
    [
        (
            """INSERT INTO publications_publishedvoucher (publication_id, voucher_id)
               SELECT publication_id, voucher_id FROM publications_publishedvoucher
                WHERE released_at IS NULL LIMIT 1""",
            "a voucher is in at most one live publication",
        ),
        (
            "UPDATE campaigns_campaign SET codes_per_customer = 1; UPDATE publications_publication SET created_at = now() + interval '1 hour'",
            "no customer was given more codes of a campaign than its limit",
        ),
        (
            """INSERT INTO staff_limit (subject, most, day, since)
               SELECT 'campaign:' || campaign_id, 9, (now() AT TIME ZONE 'UTC')::date, now() - interval '1 hour'
                 FROM publications_publication WHERE voucher_count = 2""",
            "of a limit a day at least as many codes are counted as were given since",
        ),
        (
            "INSERT INTO staff_limit (subject, most) VALUES ('channel:Till', 1)",
            "every limit that staff set is looked at",
        ),
        (
            "UPDATE tallies_daytally SET codes = codes + 1 WHERE campaign_id = 0",
            "the tallies of a day agree with the publications that they count",
        ),
        (
            "DELETE FROM publications_publishedvoucher; DELETE FROM publications_publication WHERE source_id = 'order-1'",
            "a published voucher stands in the ledger, and only a published one",
        ),
        (
            "SET LOCAL session_replication_role = replica; DELETE FROM publications_publication",
            "a publication's vouchers belong to its campaign",
        ),
        (
            "UPDATE codes_voucher SET code = 'other' || code WHERE published_at IS NOT NULL",
            "a published code reads as it did when it was given out",
        ),
        (
            """UPDATE codes_voucher SET withdrawn_at = now() + interval '1 second', withdrawn_why = 'held_back'
                WHERE published_at IS NULL AND withdrawn_at IS NULL""",
            "a withdrawn code has the use, the release or the audit entry that withdrew it",
        ),
        (
            "UPDATE publications_publishedvoucher SET released_at = now(), released_by = 'x', reason = 'x'",
            "a release has its audit entry",
        ),
        (
            "UPDATE codes_voucher SET published_at = NULL",
            "a published voucher stands in the ledger, and only a published one",
        ),
        (
            "UPDATE codes_voucher SET published_at = now()",
            "a published voucher stands in the ledger, and only a published one",
        ),
        (
            "DELETE FROM publications_publishedvoucher WHERE released_at IS NOT NULL",
            "a publication holds as many vouchers as it says",
        ),
        (
            "UPDATE publications_publication SET voucher_count = 0",
            "a successful publication gave out at least one voucher, a failed one none",
        ),
        (
            "UPDATE publications_publication SET voided_at = NULL",
            "a publication is void exactly when all its vouchers were released",
        ),
        ("UPDATE codes_voucher SET campaign_id = NULL", "a publication's vouchers belong to its campaign"),
        ("UPDATE publications_publication SET source_id = 'order-1'", "a source_id gave out codes once"),
        (
            """UPDATE publications_publication SET join_once = true,
                      campaign_id = (SELECT min(id) FROM campaigns_campaign),
                      customer_id = (SELECT min(id) FROM customers_customer)""",
            "a join-once customer holds at most one code of the campaign",
        ),
        (
            "UPDATE codes_voucher SET redeemed_quantity = 1",
            "a code that was used, and every withdrawn one, is out of the pool and says why",
        ),
        (
            "UPDATE codes_voucher SET withdrawn_why = NULL WHERE withdrawn_at IS NOT NULL",
            "a code that was used, and every withdrawn one, is out of the pool and says why",
        ),
        (
            "UPDATE codes_voucher SET published_at = now(), withdrawn_at = now(), withdrawn_why = 'held_back'",
            "a code that was used, and every withdrawn one, is out of the pool and says why",
        ),
        (
            "UPDATE codes_voucher SET redemption_limit = 0",
            "no code and no campaign is worth nothing from the start",
        ),
        (
            "UPDATE campaigns_campaign SET redemption_limit = 0",
            "no code and no campaign is worth nothing from the start",
        ),
        ("UPDATE codes_voucher SET code = 'SAME'", "a code exists once"),
        ("UPDATE publications_publishedvoucher SET reason = ''", "a release names its reason and who did it"),
        (
            "UPDATE publications_publication SET actor_label = ''",
            "a publication, an export and an audit entry name who did it",
        ),
    ],
)
def test_a_broken_invariant_is_found(history, sql, invariant):
    run(LOOSEN)

    run(sql)

    assert invariant in broken()


def test_what_is_left_of_an_erased_customer_is_found():
    publication = published(source_id="order-1", metadata={"to": "Mara"})
    erase_customer(publication.customer, by=STAFF)
    assert broken() == set()

    Publication.objects.update(metadata={"to": "Mara"})

    assert broken() == {"an erased customer's publications hold no personal data"}


def test_a_hand_out_whose_file_lacks_rows_is_found():
    publication = published()
    export = Export.objects.create(
        kind="hand_out",
        campaign=publication.campaign,
        publication=publication,
        status="done",
        rows=1,
        actor_label="Staff",
    )
    assert broken() == set()

    Export.objects.filter(pk=export.pk).update(rows=0)

    assert broken() == {
        "a finished hand-out's file has a row for each voucher that it published",
        "the codes of a hand-out's file are settled, returned or open",
    }


def test_an_order_that_ended_short_is_found():
    CodeOrder.objects.create(campaign=CampaignFactory(), total=10, done=9, status="done")

    assert broken() == {"a finished order made exactly the ordered number of codes"}


def test_an_erased_customer_that_still_has_a_name_is_found():
    run(LOOSEN)
    CustomerFactory()
    run("UPDATE customers_customer SET erased_at = now()")

    assert broken() == {"an erased customer's row holds no personal data"}


def test_the_command_prints_a_line_each_and_fails_on_a_violation():
    VoucherFactory()
    run("SET LOCAL synchronous_commit = off")  # one sure violation; a durable server is verified in test_exactly_once
    out = StringIO()

    with pytest.raises(CommandError, match="1 invariant is broken"):
        call_command("verify", stdout=out)

    lines = [line for line in out.getvalue().splitlines() if not line.startswith("        ")]
    assert len(lines) == len(INVARIANTS)
    assert lines[0] == "ok      a voucher is in at most one live publication: 0 examined, 0 broken"
    assert lines[-1].startswith("BROKEN  what was answered survives a crash of the database: 3 examined")
    assert Publication.objects.count() == PublishedVoucher.objects.count() == 0


def violations() -> dict[str, int]:
    """{name: broken rows}, without what a loosened test database breaks anyway."""
    return {finding.name: finding.violations for finding in verify() if finding.name in broken()}


TALLIES = "the tallies of a day agree with the publications that they count"
IN_LEDGER = "a published voucher stands in the ledger, and only a published one"


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("UPDATE tallies_daytally SET codes = codes + 1 WHERE {campaign}", {TALLIES: 1}),
        ("UPDATE tallies_daytally SET codes = codes + 1 WHERE campaign_id = 0", {TALLIES: 1}),
        ("DELETE FROM publications_publishedvoucher WHERE {row}", {IN_LEDGER: 1}),
        (
            "DELETE FROM publications_publishedvoucher WHERE {row}; DELETE FROM publications_publication WHERE {publication}",
            {IN_LEDGER: 1},
        ),
        # A code that had been released: the tallies rose by one.
        (
            "DELETE FROM publications_publishedvoucher WHERE released_at IS NOT NULL",
            {"a publication holds as many vouchers as it says": 1},
        ),
        # Both, in the same tally.
        (
            """UPDATE tallies_daytally SET codes = codes + 1 WHERE {campaign};
               DELETE FROM publications_publishedvoucher WHERE {row}; DELETE FROM publications_publication WHERE {publication}""",
            {TALLIES: 1, IN_LEDGER: 1},
        ),
        (
            """UPDATE tallies_daytally SET codes = codes + 1 WHERE {other_campaign};
               DELETE FROM publications_publishedvoucher WHERE {row}; DELETE FROM publications_publication WHERE {publication}""",
            {TALLIES: 1, IN_LEDGER: 1},
        ),
    ],
)
def test_each_break_is_counted_once(history, sql, found):
    run(LOOSEN)
    publication = Publication.objects.get(source_id="order-1")
    names = {
        "publication": f"id = {publication.pk}",
        "row": f"publication_id = {publication.pk}",
        "campaign": f"campaign_id = {publication.campaign_id}",
        "other_campaign": f"campaign_id = {Publication.objects.get(join_once=True).campaign_id}",
    }

    run(sql.format(**names))

    assert violations() == found


def test_a_failure_that_was_deleted_is_counted_once(history):
    campaign = CampaignFactory()
    with pytest.raises(NoVoucherSuitable):
        publish(campaign, CustomerFactory(), origin="api", by=STAFF)
    # Its minute is not over: counted as if it were.
    run("DELETE FROM tallies_daytally; UPDATE tallies_tallyprogress SET counted_up_to = 0, noted_up_to = NULL")
    run("UPDATE tallies_tallyprogress SET settled_up_to = (SELECT max(id) FROM publications_publication)")
    count_publications()
    assert broken() == set()

    Publication.objects.filter(result="FAILURE").delete()

    assert violations() == {TALLIES: 1}


def printed(*options) -> str:
    out = StringIO()
    with contextlib.suppress(CommandError):
        call_command("verify", *options, stdout=out)
    return out.getvalue()


@pytest.fixture
def many():
    """25 codes whose publications are in no ledger."""
    run(LOOSEN)
    campaign = CampaignFactory(codes=25)
    campaign.vouchers.update(published_at=timezone.now())
    return [voucher.public_id for voucher in campaign.vouchers.order_by("pk")]


def test_the_first_broken_rows_are_named_by_their_public_ids(many):
    lines = printed().splitlines()

    begin = lines.index(f"BROKEN  {IN_LEDGER}: 25 examined, 25 broken")
    assert [line.strip() for line in lines[begin + 1 : begin + 21]] == many[:20]
    assert lines[begin + 21] == "        and 5 more; --all names them"


def test_all_of_them_are_named_on_request(many):
    out = printed("--all")

    assert [line.strip() for line in out.splitlines() if line.startswith("        v_")] == many
    assert "--all" not in out


def test_json_is_a_line_for_each_invariant(many):
    told = {line["invariant"]: line for line in map(json.loads, printed("--json").splitlines())}

    assert list(told) == [invariant.name for invariant in INVARIANTS]
    assert told[IN_LEDGER] == {"invariant": IN_LEDGER, "examined": 25, "broken": 25, "rows": many[:20]}
    assert told["a code exists once"] == {"invariant": "a code exists once", "examined": 25, "broken": 0, "rows": []}
    (every,) = (line for line in map(json.loads, printed("--json", "--all").splitlines()) if line["broken"] == 25)
    assert every["rows"] == many


def test_the_rows_of_each_invariant_can_be_named():
    """Also of those that no other test breaks: their SQL runs."""
    assert [list(broken_rows(invariant, every=True)) for invariant in INVARIANTS if invariant.kind != "setting"] == [
        []
    ] * (len(INVARIANTS) - 1)


def test_the_text_of_a_code_never_changes():
    voucher = VoucherFactory()

    with pytest.raises(IntegrityError, match="the text of a code never changes"):
        Voucher.objects.filter(pk=voucher.pk).update(code="OTHER")


@pytest.mark.parametrize("reason", ["hold back", "use", "released to the pool"])
def test_what_is_on_record_breaks_nothing(reason):
    voucher = VoucherFactory()
    if reason == "hold back":
        hold_back(voucher, by=STAFF, reason="Printed")
    elif reason == "use":
        redeem(voucher, by=STAFF)
    else:
        release(published(voucher).vouchers[0], by=STAFF, reason="Mistake", back_to_pool=True)

    assert broken() == set()
