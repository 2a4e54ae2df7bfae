"""Staff write down what a colleague should know of a code, a customer or a publication."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction

from config.actor import Actor
from config.public_ids import public_id
from config.staff.models import AuditEntry
from publications.dashboard.erase_customer import erase_customer
from publications.dashboard.verify import verify
from publications.notes.actions.add_note import CannotAddNote, add_note
from publications.notes.actions.delete_note import delete_note
from publications.notes.models import LONGEST, MOST, Note
from tests.support.factories import STAFF, CustomerFactory, UserFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


@pytest.fixture
def things():
    publication = published()
    return [publication.vouchers[0], publication.customer, publication]


def add_address(thing):
    return f"/notes/{thing.public_id}/add"


def test_a_note_stands_on_the_page_of_its_thing_with_its_writer(signed_in, things):
    browser = signed_in("Operator")

    for thing in things:
        answer = browser.post(add_address(thing), {"text": "Called: lost the mail.\nSend it again?"})
        page = browser.get(answer.headers["Location"]).content.decode()

        assert "<p>Called: lost the mail.<br>Send it again?</p>" in page
        assert browser.user.username in page
    assert [note.about for note in Note.objects.order_by("id")] == things


def test_the_audit_log_names_the_thing_and_not_the_text(things):
    note = add_note(things[1], "Mara moved to Graz.", by=STAFF)
    delete_note(note, by=STAFF)

    entries = AuditEntry.objects.filter(action__startswith="note.").order_by("id")
    assert [(entry.action, entry.object_id, entry.details) for entry in entries] == [
        ("note.added", things[1].public_id, {}),
        ("note.deleted", things[1].public_id, {}),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Enter the note."),
        (" \n ", "Enter the note."),
        ("x" * (LONGEST + 1), "Ensure this value has at most 1000 characters (it has 1001)."),
    ],
)
def test_what_is_wrong_with_a_note_is_said_in_the_form(signed_in, things, text, why):
    page = signed_in("Operator").post(add_address(things[0]), {"text": text}).content.decode()

    assert why in page
    assert not Note.objects.exists()


def test_a_note_is_text_and_not_markup(signed_in, things):
    add_note(things[0], "<b>bold</b>", by=STAFF)

    page = signed_in("Viewer").get(things[0].get_absolute_url()).content.decode()

    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert add_address(things[0]) not in page  # a Viewer writes none


def test_there_are_only_so_many_notes_on_one_thing(things):
    for n in range(MOST):
        add_note(things[0], f"Note {n}", by=STAFF)

    with pytest.raises(CannotAddNote, match="There are 50 notes already"):
        add_note(things[0], "One more", by=STAFF)
    add_note(things[1], "Elsewhere there is room", by=STAFF)


@pytest.mark.parametrize("kind", ["camp", "v", "cust", "nonsense"])
def test_nothing_is_noted_of_what_there_is_not(signed_in, kind):
    assert signed_in("Operator").get(f"/notes/{public_id(kind, 987654)}/add").status_code == 404


def test_staff_delete_their_own_notes_and_a_manager_anybodys(signed_in, things):
    operator, manager = signed_in("Operator"), signed_in("Manager")
    own = add_note(things[0], "Mine", by=Actor.user(operator.user))
    others = add_note(things[0], "Theirs", by=Actor.user(UserFactory(role="Operator")))
    by_key = add_note(things[0], "A key's", by=Actor("api_key", operator.user.pk, "Shop"))

    assert operator.post(f"/notes/{own.pk}/delete").status_code == 302
    assert operator.post(f"/notes/{others.pk}/delete").status_code == 403
    assert operator.post(f"/notes/{by_key.pk}/delete").status_code == 403
    assert "Theirs" in manager.get(f"/notes/{others.pk}/delete").content.decode()
    assert manager.post(f"/notes/{others.pk}/delete").status_code == 302
    assert [note.text for note in Note.objects.all()] == ["A key's"]


def test_an_erased_customer_loses_the_notes_on_them_their_publications_and_codes(things):
    for thing in things:
        add_note(thing, "Mara called", by=STAFF)
    kept = add_note(VoucherFactory(), "Printed twice", by=STAFF)

    erase_customer(things[1], by=STAFF)

    assert list(Note.objects.all()) == [kept]
    assert broken_notes() == 0
    with pytest.raises(CannotAddNote, match="has been erased"):
        add_note(things[1], "Mara called again", by=STAFF)


def broken_notes():
    return sum(finding.violations for finding in verify() if finding.invariant.kind == "note")


def test_verify_finds_a_note_on_an_erased_customer(things):
    erase_customer(things[1], by=STAFF)

    Note.objects.create(text="By SQL", customer=things[1])

    assert broken_notes() == 1


@pytest.mark.parametrize("about", [{}, {"customer", "voucher"}])
def test_the_database_wants_a_note_on_exactly_one_thing(things, about):
    columns = dict(zip(("voucher", "customer", "publication"), things, strict=True))

    with pytest.raises(IntegrityError, match="note_on_one_thing"), transaction.atomic():
        Note.objects.create(text="?", **{name: columns[name] for name in about})


def test_the_database_wants_a_text(things):
    with pytest.raises(IntegrityError, match="note_not_empty"), transaction.atomic():
        Note.objects.create(text="", voucher=things[0])


@pytest.mark.parametrize("notes", [1, MOST])
def test_the_page_takes_as_many_queries_however_many_notes(signed_in, django_assert_num_queries, things, notes):
    browser = signed_in("Manager")
    for n in range(notes):
        add_note(things[2], f"Note {n}", by=STAFF)

    # session, user, project settings, permissions (2), alerts, publication, released, ledger, vouchers, notes
    with django_assert_num_queries(11):
        browser.get(things[2].get_absolute_url())


@pytest.mark.django_db(transaction=True)
def test_a_note_written_while_its_customer_is_erased_is_refused_or_goes_too():
    customers = [CustomerFactory() for _ in range(8)]

    def act(verb, *args):
        try:
            ready.wait()
            verb(*args)
        except CannotAddNote:
            pass
        finally:
            connection.close()

    for customer in customers:
        ready = threading.Barrier(3)
        threads = [
            threading.Thread(target=act, args=(lambda who=customer: erase_customer(who, by=STAFF),)),
            *(
                threading.Thread(target=act, args=(lambda who=customer: add_note(who, "Called", by=STAFF),))
                for _ in range(2)
            ),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert not Note.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_who_write_at_once_nobody_writes_one_too_many():
    voucher = VoucherFactory()
    for n in range(MOST - 2):
        add_note(voucher, f"Note {n}", by=STAFF)
    refused, ready = [], threading.Barrier(6)

    def act():
        try:
            ready.wait()
            add_note(voucher, "At once", by=STAFF)
        except CannotAddNote:
            refused.append(1)
        finally:
            connection.close()

    threads = [threading.Thread(target=act) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (Note.objects.count(), len(refused)) == (MOST, 4)
