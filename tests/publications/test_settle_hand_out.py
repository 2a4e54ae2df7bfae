"""A partner tells who got the codes of a file, and which were not used: each code is settled once, or returned once."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from campaigns.codes.models import Voucher
from config.staff.models import AuditEntry
from customers.models import Customer
from publications.actions.publish import publish
from publications.actions.release import release
from publications.actions.run_publication_import import import_publications
from publications.dashboard.erase_customer import erase_customer
from publications.dashboard.verify import verify
from publications.models import Publication, PublicationImport, PublishedVoucher
from publications.notes.actions.add_note import add_note
from publications.notes.models import Note
from publications.queries.holder import held_by
from publications.queries.standing import standing_of
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.queries.qualify import qualify
from publications.redemptions.refusals import NotHolder
from tests.support.api.calls import Api
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, published
from tests.support.imports import counts, imported_publications, refused
from tests.support.settling import handed_out, settled

pytestmark = pytest.mark.django_db


def broken() -> list[str]:
    """Settings of the test's own server aside."""
    return [found.name for found in verify() if found.violations and "survives a crash" not in found.name]


def hand_out_of(codes: int, **options) -> tuple[Publication, list[Voucher]]:
    export = handed_out(CampaignFactory(codes=codes, **options))
    return export.publication, list(Voucher.objects.filter(campaign=export.campaign).order_by("pk"))


def test_each_code_is_settled_returned_or_stays_open():
    ann = CustomerFactory(source_id="shop-1")
    hand_out, (one, two, three, four) = hand_out_of(4)

    done = settled(
        hand_out,
        f"Code,Customer source ID,Not used\n{one.code},shop-1,\n{two.code},,not used\n{three.code},new-1,\n{four.code},,\n",
    )

    assert (done.status, counts(done)) == ("done", (4, 2, 1, 0))
    assert standing_of(hand_out) == (4, 2, 1, 1)
    rows = {row.voucher_id: row for row in PublishedVoucher.objects.all()}
    assert (rows[one.pk].settled_to, rows[one.pk].settled_by) == (ann, STAFF.label)
    assert rows[three.pk].settled_to == Customer.objects.get(source_id="new-1")
    two.refresh_from_db()
    assert (two.published_at, two.withdrawn_why, rows[two.pk].reason) == (None, "retired", "Returned: not used")
    assert rows[four.pk].settled_to is None
    assert broken() == []


def test_a_customer_may_be_named_by_the_id_of_handout():
    hand_out, (one, two, three) = hand_out_of(3)
    ann, gone = CustomerFactory(), CustomerFactory()
    erase_customer(gone, by=STAFF)

    done = settled(
        hand_out,
        f"Code,Customer ID\n{one.code},{ann.public_id}\n{two.code},{gone.public_id}\n{three.code},cust_of_another_system\n",
    )

    assert [row.voucher for row in held_by([ann.pk])] == [one]
    assert refused(done) == [
        (3, "Code: names a customer who does not exist, or whose personal data was erased. Correct the row.")
    ]
    assert [row.voucher for row in held_by(Customer.objects.filter(source_id="cust_of_another_system"))] == [three]


def test_the_same_file_once_more_changes_nothing():
    hand_out, (one, two) = hand_out_of(2)
    file = f"Code,Customer source ID,Not used\n{one.code},shop-1,\n{two.code},,yes\n"
    settled(hand_out, file)

    again = settled(hand_out, file)

    assert (again.status, counts(again)) == ("done", (2, 0, 0, 0))
    assert standing_of(hand_out) == (2, 1, 1, 0)


def test_a_manager_may_have_unused_codes_returned_to_the_pool():
    hand_out, (one, two) = hand_out_of(2)
    version = one.campaign.pool_version

    settled(hand_out, f"Code,Not used\n{one.code},returned\n{two.code},no\n", back_to_pool=True)

    one.refresh_from_db()
    one.campaign.refresh_from_db()
    assert (one.published_at, one.withdrawn_at) == (None, None)
    assert one.campaign.pool_version > version
    assert publish(one.campaign, CustomerFactory(), origin="api", by=STAFF).vouchers == [one]
    assert broken() == []


def test_what_cannot_be_is_refused_with_the_reason():
    hand_out, (one, two, three, four) = hand_out_of(4)
    _, (elsewhere,) = hand_out_of(1)
    ann = CustomerFactory(source_id="ann")
    settled(hand_out, f"Code,Customer source ID,Not used\n{one.code},ann,\n{two.code},,x\n")
    redeem(three, by=STAFF)

    done = settled(
        hand_out,
        "Code,Customer source ID,Not used\n"
        f"{one.code},ben,\n{two.code},ben,\n{three.code},,x\n{four.code},ben,x\n{elsewhere.code},ben,\nNOPE,ben,\n",
    )

    errors = [error for _, error in refused(done)]
    returned = PublishedVoucher.objects.get(voucher=two).released_at
    assert errors == [
        f"Code: is already settled to {ann.public_id}. Correct the row, or remove it.",
        f"Code: was returned or released at {returned:%Y-%m-%dT%H:%M:%SZ}. Remove the row.",
        "Code: has been redeemed, so it cannot be returned. Say who got it.",
        "Code: has a customer and is marked as not used. Clear one of the two cells.",
        "Code: is not a code of this hand-out. Correct the row, or remove it.",
        "Code: is not a known code. Correct the row, or remove it.",
    ]
    assert standing_of(hand_out) == (4, 1, 1, 2)
    assert not Customer.objects.filter(source_id="ben").exists()


def test_an_unclear_word_is_refused_rather_than_guessed():
    hand_out, (one,) = hand_out_of(1)

    done = settled(hand_out, f"Code,Not used\n{one.code},perhaps\n")

    assert "is not understood. Write “not used”" in refused(done)[0][1]
    assert standing_of(hand_out).open == 1


def test_all_or_nothing_returns_no_code_of_a_file_with_an_error():
    hand_out, (one, _) = hand_out_of(2)

    done = settled(hand_out, f"Code,Not used\n{one.code},x\nNOPE,x\n", on_error="all_or_nothing")

    assert (done.status, standing_of(hand_out)) == ("failed", (2, 0, 0, 2))


def test_it_is_audited():
    hand_out, (one, two) = hand_out_of(2)

    settled(hand_out, f"Code,Customer source ID,Not used\n{one.code},ann,\n{two.code},,x\n")

    entries = AuditEntry.objects.filter(action__startswith="hand_out_codes.").order_by("id")
    assert [(entry.action, entry.object_id) for entry in entries] == [
        ("hand_out_codes.returned", hand_out.public_id),
        ("hand_out_codes.imported", hand_out.public_id),
    ]
    assert (entries[1].details["imported"], entries[1].details["updated"]) == (1, 1)


def test_importing_who_got_handed_out_codes_settles_them():
    hand_out, (one, _) = hand_out_of(2)
    file = f"Code,Customer source ID,Date\n{one.code},ann,2026-01-02\n"

    done = imported_publications(file)

    assert (done.status, counts(done)) == ("done", (1, 0, 1, 0))
    assert standing_of(hand_out) == (2, 1, 0, 1)
    assert counts(imported_publications(file)) == (1, 0, 0, 0)
    again = imported_publications(f"Code,Customer source ID\n{one.code},ben\n")
    ann = Customer.objects.get(source_id="ann")
    assert f"already published to {ann.public_id}" in refused(again)[0][1]
    assert broken() == []


def test_whoever_asks_who_holds_a_code_is_told_the_settled_customer(signed_in):
    hand_out, (one, _) = hand_out_of(2)
    settled(hand_out, f"Code,Customer source ID\n{one.code},ann\n")
    ann = Customer.objects.get(source_id="ann")
    one.refresh_from_db()

    assert [row.voucher for row in held_by([ann.pk])] == [one]
    assert qualify(ann, wallet_only=True, where=Q(), after=None, limit=5) == [one]
    browser = signed_in("Operator")
    assert one.code in browser.get(ann.get_absolute_url()).content.decode()
    page = browser.get(one.get_absolute_url()).content.decode()
    assert "Settled:" in page
    assert ann.get_absolute_url() in page


def test_the_api_names_the_settled_customer():
    api = Api()
    hand_out, (one, _) = hand_out_of(2)
    settled(hand_out, f"Code,Customer source ID\n{one.code},ann\n")
    ann = Customer.objects.get(source_id="ann")

    voucher = api.get(f"vouchers/{one.code}").json
    wallet = api.get(f"customers/{ann.public_id}/redeemables").json
    listed = api.get("vouchers", customer=ann.public_id).json

    assert voucher["holder_id"] == ann.public_id
    assert [held["redeemable_id"] for held in wallet["data"]] == [one.public_id]
    assert [each["id"] for each in listed["vouchers"]] == [one.public_id]


def test_join_once_gives_the_settled_code_again():
    hand_out, (one, _) = hand_out_of(2, join_once=True)
    campaign = one.campaign
    Voucher.objects.create(campaign=campaign, code="FREE-1")
    settled(hand_out, f"Code,Customer source ID\n{one.code},ann\n")
    ann = Customer.objects.get(source_id="ann")

    repeat = publish(campaign, ann, origin="api", by=STAFF)

    assert (repeat.repeated, repeat.vouchers, repeat.customer, repeat.voucher_count) == (True, [one], ann, 1)
    assert publish(campaign, CustomerFactory(), origin="api", by=STAFF).vouchers[0].code == "FREE-1"
    assert Publication.objects.filter(result="SUCCESS").count() == 2
    assert broken() == []


def test_once_a_settled_code_is_released_join_once_gives_another():
    hand_out, (one,) = hand_out_of(1, join_once=True)
    Voucher.objects.create(campaign=one.campaign, code="FREE-1")
    settled(hand_out, f"Code,Customer source ID\n{one.code},ann\n")
    release(one, by=STAFF, reason="Lost")

    given = publish(one.campaign, {"source_id": "ann"}, origin="api", by=STAFF)

    assert (given.repeated, given.vouchers[0].code) == (False, "FREE-1")


def test_only_the_settled_customer_redeems_where_only_the_holder_may():
    hand_out, (one,) = hand_out_of(1, only_holder="refuse")
    settled(hand_out, f"Code,Customer source ID\n{one.code},ann\n")

    with pytest.raises(NotHolder):
        redeem(one, customer=CustomerFactory(), by=STAFF)
    assert redeem(one, customer=Customer.objects.get(source_id="ann"), by=STAFF).result == "SUCCESS"


def test_erasing_the_settled_customer_leaves_the_code_settled_and_takes_the_notes():
    hand_out, (one,) = hand_out_of(1)
    settled(hand_out, f"Code,Customer source ID\n{one.code},ann\n")
    ann = Customer.objects.get(source_id="ann")
    add_note(one, "Ann called", by=STAFF)

    erase_customer(ann, by=STAFF)

    assert not Note.objects.exists()
    assert standing_of(hand_out) == (1, 1, 0, 0)
    assert broken() == []


@pytest.mark.parametrize(
    "change",
    [
        "settled_to_id = %(ben)s",
        "settled_to_id = NULL, settled_at = NULL, settled_by = NULL",
        "settled_at = now() + interval '1 day'",
    ],
)
def test_the_database_settles_a_code_once(change):
    hand_out, (one,) = hand_out_of(1)
    settled(hand_out, f"Code,Customer source ID\n{one.code},ann\n")

    with pytest.raises(IntegrityError, match="settled once"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE publications_publishedvoucher SET {change}", {"ben": CustomerFactory().pk})


def test_the_database_settles_no_code_whose_publication_names_a_customer():
    published()

    with pytest.raises(IntegrityError, match="settled once"), transaction.atomic():
        PublishedVoucher.objects.update(settled_to=CustomerFactory(), settled_at=timezone.now(), settled_by="SQL")


def test_verify_finds_a_code_that_was_settled_beside_the_customer_of_its_publication():
    published()

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE publications_publishedvoucher SET settled_to_id = %s, settled_at = now(), settled_by = 'SQL'",
            [CustomerFactory().pk],
        )

    assert broken() == ["a code was settled only where its publication names nobody"]


def test_the_api_settles_and_tells_of_each_code_that_it_could_not_settle():
    api, ann = Api(), CustomerFactory(source_id="ann")
    hand_out, (one, two, _) = hand_out_of(3)
    codes = [
        {"code": one.code, "customer": "ann"},
        {"code": two.code, "not_used": True},
        {"code": "NOPE", "customer": ann.public_id},
    ]

    answer = api.post(f"publications/{hand_out.public_id}/settle", {"codes": codes})
    import_publications(PublicationImport.objects.get().pk)
    action = api.get(f"async-actions/{answer.json['async_action_id']}").json

    assert (answer.status, action["type"], action["status"]) == (202, "PUBLICATIONS.SETTLE", "DONE")
    assert (action["result"]["done_count"], action["result"]["failed_count"]) == (2, 1)
    assert action["result"]["failed"][0]["row"] == 3
    assert standing_of(hand_out) == (3, 1, 1, 1)


@pytest.mark.parametrize("code", [{"code": "A"}, {"code": "A", "customer": "ann", "not_used": True}])
def test_the_api_refuses_a_code_of_which_nothing_clear_is_told(code):
    hand_out, _ = hand_out_of(1)

    answer = Api().post(f"publications/{hand_out.public_id}/settle", {"codes": [code]})

    assert answer.error[1] == "invalid_payload"
    assert not PublicationImport.objects.exists()


def test_the_api_settles_no_publication_that_names_a_customer():
    answer = Api().post(f"publications/{published().public_id}/settle", {"codes": [{"code": "A", "not_used": True}]})

    assert answer.error[:2] == (404, "not_found")


def test_the_database_wants_to_know_when_and_by_whom():
    hand_out_of(1)

    with pytest.raises(IntegrityError, match="ledger_settled_says_when"), transaction.atomic():
        PublishedVoucher.objects.update(settled_to=CustomerFactory())


def test_a_manager_settles_on_the_pages(signed_in):
    hand_out, (one, two) = hand_out_of(2)
    browser, address = signed_in("Manager"), f"{hand_out.get_absolute_url()}settle"
    assert address in browser.get(hand_out.export.get_absolute_url()).content.decode()
    assert "Settle a hand-out" in browser.get(address).content.decode()

    content = f"Code,Customer source ID,Not used,Remark\n{one.code},ann,,late\n{two.code},,x,\n"
    draft = browser.post(address, {"file": SimpleUploadedFile("settlement.csv", content.encode())})
    page = browser.get(draft.headers["Location"]).content.decode()

    assert "Return unused codes to the pool" in page
    assert "Metadata “Remark”" not in page  # of which nothing would be kept
    assert signed_in("Operator").get(address).status_code == 403


def test_the_page_of_a_settlement_counts_in_its_own_words(signed_in):
    hand_out, (one, two) = hand_out_of(2)
    done = settled(hand_out, f"Code,Customer source ID,Not used\n{one.code},ann,\n{two.code},,x\n")

    page = signed_in("Manager").get(f"/publications/import/{done.pk}").content.decode()

    assert "Settled" in page
    assert "Returned" in page
    assert "of hand-out" not in page


@pytest.mark.parametrize("codes", [1, 60])
def test_the_page_of_a_hand_out_takes_as_many_queries_however_many_codes(
    signed_in, django_assert_max_num_queries, codes
):
    hand_out, vouchers = hand_out_of(codes)
    settled(hand_out, "Code,Customer source ID\n" + "".join(f"{v.code},c-{v.pk}\n" for v in vouchers))
    browser = signed_in("Manager")

    with django_assert_max_num_queries(15):
        browser.get(hand_out.get_absolute_url())
