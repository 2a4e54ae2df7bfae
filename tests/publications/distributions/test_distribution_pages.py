"""The list of distributions and the page of a run: how far it is, who got what, and what may be done with it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from publications.distributions.actions.advance import advance
from publications.distributions.models import Delivery, Distribution
from publications.distributions.queries.follow_run import follow_run
from publications.exports.actions.write_export import make_export_file
from publications.exports.models import Export
from publications.exports.report import order_report
from tests.support.distributions import draft, put_all_into, running
from tests.support.factories import STAFF, CustomerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(signed_in):
    return signed_in("Operator")


def page(made: Distribution, step: str = "") -> str:
    return f"/distributions/{made.public_id}/{step}"


def shown(browser, address: str, **options) -> str:
    return browser.get(address, **options).content.decode()


def status_of(made: Distribution) -> str:
    return Distribution.objects.get(pk=made.pk).status


def with_states(**states: int) -> Distribution:
    """A run with so many recipients in each state."""
    made = draft(0, codes=1, name="Mixed")
    put_all_into("running", audience_complete=True, started_at=timezone.now())
    for state, count in states.items():
        reason = "other" if state in ("failed", "skipped", "unknown") else ""
        for customer in CustomerFactory.create_batch(count):
            Delivery.objects.create(
                distribution=made,
                customer=customer,
                state=state,
                reason=reason,
                detail=reason and f"Why {state}",
                email=customer.email,
            )
    made.refresh_from_db()
    return made


def test_the_list_shows_drafts_and_runs_the_newest_first(operator):
    older, newer = draft(1, codes=1, name="Older"), running(2, codes=2, name="Newer")
    Distribution.objects.filter(pk=older.pk).update(created_at=timezone.now() - timedelta(days=1))
    advance(newer.pk)

    rows = [
        (row.record.name, row.get_cell("recipients")) for row in operator.get("/distributions/").context["table"].page
    ]

    assert [name for name, _ in rows] == ["Newer", "Older"]
    assert operator.get("/distributions/?status=draft").context["table"].page[0].record == older
    assert "No matches" in shown(operator, "/distributions/?q=nothing")


def test_an_empty_list_says_what_to_do(operator, signed_in):
    assert 'href="/distributions/new" hx-boost="false"' in shown(operator, "/distributions/")
    assert "New distribution" not in shown(signed_in("Viewer"), "/distributions/").partition("<main")[2]


@pytest.mark.parametrize("how_many", [1, 50])
def test_the_list_takes_as_many_queries_for_fifty_as_for_one(operator, how_many):
    for number in range(how_many):
        draft(0, codes=1, name=f"Run {number}")
    operator.get("/distributions/")

    with CaptureQueriesContext(connection) as asked:
        assert operator.get("/distributions/").status_code == 200

    assert len(asked) == 8


@pytest.mark.parametrize("how_many", [1, 50])
def test_the_page_of_a_run_takes_as_many_queries_for_fifty_recipients_as_for_one(operator, how_many):
    made = running(how_many, codes=how_many)
    advance(made.pk)
    operator.get(page(made))

    with CaptureQueriesContext(connection) as asked:
        assert operator.get(page(made)).status_code == 200

    assert status_of(made) == "done"
    assert len(asked) == 14


def test_progress_is_counted_by_state_and_reason():
    made = with_states(pending=1, published=2, sending=1, sent=4, failed=2, skipped=3, unknown=1)

    made.started_at -= timedelta(minutes=2)

    progress = follow_run(made)

    assert (progress.total, progress.reached, progress.remaining) == (11, 4, 4)
    assert progress.minutes_left == 1
    assert (progress.failed, progress.left_out, progress.unknown) == (2, 3, 1)
    assert progress.percent == 63
    assert progress.per_minute == 4
    assert progress.reasons == [
        ("skipped", "other", 3), ("failed", "other", 2), ("unknown", "other", 1)
    ]  # fmt: skip


def test_of_a_run_that_began_just_now_the_rate_is_told_from_what_there_was(operator):
    made = with_states(pending=300, sent=5)
    Distribution.objects.update(started_at=timezone.now() - timedelta(seconds=20))
    made.refresh_from_db()

    assert 5 < follow_run(made).per_minute <= 15
    assert " min left</span>" in shown(operator, page(made))


def test_without_a_message_a_published_code_is_the_end():
    made = with_states(pending=1, published=3)
    made.message = "none"

    progress = follow_run(made)

    assert (progress.reached, progress.remaining, progress.percent) == (3, 1, 75)


def test_nobody_knows_how_much_there_is_while_the_audience_is_written_down():
    made = with_states(sent=3)
    made.audience_complete = False

    assert follow_run(made).percent is None


def test_a_run_that_moves_is_asked_for_again_until_it_ends_and_then_its_list_is(operator):
    made = with_states(sent=1, pending=1)
    part = {"HX-Request": "true", "HX-Target": "run"}

    address = f"{page(made)}?was=running-listed.1-0-0-1-0-0-0-0"
    part |= {"HX-Current-URL": f"http://testserver{page(made)}?q=a"}
    moving = shown(operator, address, headers=part)
    Distribution.objects.update(status="done", finished_at=timezone.now())
    ended = shown(operator, address, headers=part)

    assert f'hx-get="{address}" hx-trigger="every ' in moving and "<html" not in moving
    assert 'hx-target="#list"' not in moving and f'hx-get="{page(made)}?q=a" hx-trigger="load"' in ended
    assert 'hx-trigger="every' not in ended and 'hx-target="#list"' in ended
    assert 'name="reason"' not in moving and '<select name="reason" hx-swap-oob="true"' in ended


@pytest.mark.parametrize(("looked_at", "redrawn"), [("", True), ("?page=1", True), ("?page=2", False), ("?q=a", False)])
def test_the_list_of_a_run_that_moves_follows_unless_it_is_filtered_or_paged(operator, looked_at, redrawn):
    made = with_states(sent=1, pending=1)
    part = {"HX-Request": "true", "HX-Target": "run", "HX-Current-URL": f"http://testserver{page(made)}{looked_at}"}
    seen = f"{page(made)}?was=running-listed.1-0-0-1-0-0-0-0"

    before = shown(operator, seen, headers=part)
    made.deliveries.filter(state="pending").update(state="sending")
    after = shown(operator, seen, headers=part)

    assert "data-gently" not in before
    assert ("data-gently" in after) is redrawn
    assert "?was=running-listed.0-0-1-1-0-0-0-0" in after


def test_the_recipients_are_filtered_by_state_reason_and_customer(operator):
    made = with_states(sent=2, failed=1)
    ada = CustomerFactory(name="Ada Adler", email="ada@example.com")
    Delivery.objects.create(distribution=made, customer=ada, state="skipped", reason="unsubscribed")

    def found(query: str) -> list[str]:
        return [row.record.state for row in operator.get(f"{page(made)}?{query}").context["table"].page]

    assert found("state=failed") == ["failed"]
    assert found("reason=unsubscribed") == ["skipped"]
    assert found("q=ada@") == ["skipped"]
    assert found("q=nobody") == []
    assert "Unsubscribed (1)" in shown(operator, page(made))


def test_codes_are_shown_to_whom_codes_are_shown(operator, signed_in):
    made = running(1, codes=1)
    advance(made.pk)
    code = made.campaign.vouchers.get().code

    assert code in shown(operator, page(made))
    assert code not in shown(signed_in("Viewer"), page(made))


def test_paused_resumed_and_stopped_by_an_operator(operator):
    made = running(2, codes=1)

    seen = []
    for action in ("pause", "resume", "stop"):
        assert operator.post(page(made, action), {"sent": "1"}).url == page(made)
        seen.append(status_of(made))

    assert seen == ["paused", "running", "stopped"]
    log = shown(operator, page(made)).partition("Activity")[2]
    assert [words in log for words in ("paused it", "resumed it", "stopped it")] == [True] * 3


def test_what_is_not_possible_any_more_is_said(operator):
    made = running(1, codes=1)

    answer = operator.post(page(made, "cancel"), follow=True)

    assert "This distribution is running, so it cannot be cancelled." in answer.content.decode()


def test_stopping_says_what_becomes_of_the_codes(operator):
    made, published_only = running(2, codes=2), running(2, codes=2, message="none")

    assert "return to the pool; codes in unknown messages are retired" in shown(operator, page(made, "stop"))
    assert "return to the pool" not in shown(operator, page(published_only, "stop"))
    operator.post(page(made, "stop"))

    made.refresh_from_db()
    assert (made.status, made.release_unsent_by) == ("stopped", operator.user.get_username())


def test_the_failed_ones_are_tried_again(operator):
    made = with_states(failed=2, sent=1)

    assert "Retry 2 failed" in shown(operator, page(made))
    operator.post(page(made, "retry"))

    assert made.deliveries.filter(state="published").count() == 2
    assert "No message has failed." in operator.post(page(made, "retry"), follow=True).content.decode()


@pytest.mark.parametrize(("outcome", "becomes"), [("sent", "sent"), ("again", "published"), ("perhaps", "unknown")])
def test_an_unknown_one_is_resolved_by_a_person(operator, outcome, becomes):
    made = with_states(unknown=1)
    recipient = made.deliveries.get()

    assert "1 message may or may not have arrived" in shown(operator, page(made))
    answer = operator.post(page(made, f"recipients/{recipient.pk}"), {"outcome": outcome})

    recipient.refresh_from_db()
    assert (answer.url, recipient.state) == (page(made), becomes)


def test_an_unknown_one_of_another_run_is_not_found(operator):
    made, other = with_states(unknown=1), with_states(unknown=1)

    answer = operator.post(page(made, f"recipients/{other.deliveries.get().pk}"), {"outcome": "sent"})

    assert answer.status_code == 404


def test_a_copy_is_a_draft_with_the_same_audience_and_message(operator):
    made = running(2, codes=2)

    answer = operator.post(page(made, "duplicate"))

    copy = Distribution.objects.exclude(pk=made.pk).get()
    assert answer.url == page(copy, "audience")
    assert (copy.status, copy.subject, copy.listed.count()) == ("draft", made.subject, 2)


def test_an_automatic_one_has_a_page_of_its_own(operator):
    made = Distribution.objects.create(name="Welcome", kind="automatic", audience="trigger")

    assert operator.get(page(made)).url == f"/automations/{made.public_id}/"


def test_a_publication_leads_to_its_run(operator):
    made = running(1, codes=1)
    advance(made.pk)
    publication = made.deliveries.get().publication

    assert f'<a href="{page(made)}">Autumn</a>' in shown(operator, f"/publications/{publication.public_id}/")
    assert f'<a href="{page(made)}">Autumn</a>' in shown(operator, f"/campaigns/{made.campaign.public_id}/")


def test_the_recipients_as_a_file_filtered_as_the_page_is(signed_in):
    made = running(
        [CustomerFactory(name="Ada", email="ada@example.com", source_id="shop-1"), CustomerFactory(email="")], codes=2
    )
    advance(made.pk)
    browser = signed_in("Manager")
    code = made.deliveries.get(state="sent").publication.ledger.get().voucher.code

    link = f"/exports/new?state=sent&amp;kind=recipients&amp;run={made.public_id}"
    assert link in shown(browser, f"{page(made)}?state=sent")
    dialog = browser.get(link.replace("&amp;", "&"))
    form = dialog.context["form"]
    browser.post("/exports/new", {**form.initial, "made_for": "program", "token": uuid4()})
    export = Export.objects.get()
    make_export_file(export.pk)

    assert dialog.context["filters"] == [("Distribution", "Autumn"), ("State", "Sent")]
    export.refresh_from_db()
    with export.file.open() as file:
        heading, line, end = file.read().decode().split("\r\n")
    assert heading == "Customer,E-mail,Customer source ID,Sent to,Code,State,Reason,Attempts,Since"
    assert line.startswith(f"Ada,ada@example.com,shop-1,ada@example.com,{code},sent,,1,") and end == ""
    assert "Report" not in shown(signed_in("Operator"), page(made))


def test_a_report_of_no_run_is_empty():
    export = order_report("recipients", filters="run=dist_nothing", by=STAFF)

    make_export_file(export.pk)

    export.refresh_from_db()
    assert (export.status, export.rows) == ("done", 0)


def test_a_stopped_run_says_how_many_were_reached(operator):
    made = with_states(sent=1, skipped=3)
    Distribution.objects.update(status="stopped")

    answer = shown(operator, page(made))

    assert "1 of 4 recipients" in answer and 'value="25"' in answer and "100%" not in answer


def test_at_a_new_stage_the_log_and_the_details_are_drawn_anew(operator):
    made = with_states(sent=1)
    part = {"HX-Request": "true", "HX-Target": "run", "HX-Current-URL": f"http://testserver{page(made)}"}

    same = shown(operator, f"{page(made)}?was=running-listed.0-0-0-1-0-0-0-0", headers=part)
    new = shown(operator, f"{page(made)}?was=scheduled.0-0-0-0-0-0-0-0", headers=part)

    assert 'id="about"' not in same and '<div id="about" class="cols" hx-swap-oob="true">' in new
