"""The audit log's page: filters, sentences, pages."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings

from config.actor import SYSTEM, Actor
from config.events import kinds
from config.public_ids import public_id
from config.staff.audit import record
from config.staff.audit_sentences import SENTENCES, TITLES, known_details, sentence, title
from config.staff.models import AuditEntry
from config.staff.pages.filters import actor_choices
from tests.support.factories import STAFF

pytestmark = pytest.mark.django_db
URL = "/settings/audit-log"
EVENTS = {kind for kind in vars(kinds).values() if isinstance(kind, str)}  # which look like actions, and are none
SHOP = Actor("api_key", 7, "Web shop")


def shown(browser, **filters) -> list[str]:
    """The actions on the page, from top to bottom."""
    return [row.record.action for row in browser.get(URL, filters).context["table"].page]


def test_the_newest_entry_stands_first(signed_in):
    record("code.released", by=STAFF)
    record("api_key.created", by=STAFF)

    assert shown(signed_in("Manager")) == ["api_key.created", "code.released"]


def test_entries_are_filtered_by_action(signed_in):
    record("code.released", by=STAFF)
    record("api_key.created", by=STAFF)

    assert shown(signed_in("Manager"), action="code.released") == ["code.released"]


def test_entries_are_filtered_by_who_did_it(signed_in):
    record("code.released", by=STAFF)
    record("api_key.created", by=SHOP)
    record("settings.changed", by=SYSTEM)
    browser = signed_in("Manager")

    assert shown(browser, actor="user-1") == ["code.released"]
    assert shown(browser, actor="api_key-7") == ["api_key.created"]
    assert shown(browser, actor="system") == ["settings.changed"]


def test_everybody_in_the_log_can_be_chosen_under_their_latest_name():
    for actor in (STAFF, SHOP, Actor("user", 1, "Renamed"), Actor("user", 2, "Ann"), SYSTEM):
        record("code.released", by=actor)

    assert actor_choices() == [
        ("API keys", [("api_key-7", "Web shop")]),
        ("Staff", [("user-2", "Ann"), ("user-1", "Renamed")]),
        ("system", "Handout itself"),
    ]


def test_entries_are_found_by_the_id_or_the_beginning_of_the_label_of_their_object(signed_in):
    camp = public_id("camp", 1)
    record("campaign.codes_ordered", by=STAFF, object_id=camp, object_label="Autumn Roast")
    record("api_key.created", by=STAFF, object_id="x", object_label="Winter")
    browser = signed_in("Manager")

    assert shown(browser, q=camp) == ["campaign.codes_ordered"]
    assert shown(browser, q="autumn r") == ["campaign.codes_ordered"]
    assert shown(browser, q="roast") == []


def test_a_period_is_of_days_in_the_projects_time_zone(signed_in, project):
    project(time_zone="Asia/Tokyo")  # nine hours ahead
    for hour in (14, 15):
        AuditEntry.objects.create(action=f"at.{hour}", created_at=datetime(2026, 3, 1, hour, tzinfo=UTC))
    browser = signed_in("Manager")

    assert shown(browser, until="2026-03-01") == ["at.14"]
    assert shown(browser, since="2026-03-02") == ["at.15"]


def test_a_date_that_is_none_is_explained(signed_in):
    page = signed_in("Manager").get(URL, {"since": "2026-02-31"}).content.decode()

    assert "Enter a valid date." in page


@pytest.mark.parametrize("rows", [1, 50])
def test_the_page_takes_eight_queries_however_many_entries(signed_in, django_assert_num_queries, rows):
    browser = signed_in("Manager")
    for n in range(rows):
        record("code.released", by=STAFF, object_id=public_id("v", n), reason="Typo")

    # session, user, project settings, the user's and the roles' permissions, actors, count, rows
    with django_assert_num_queries(8):
        browser.get(URL)


def test_a_sentence_links_the_object_and_tells_what_is_known():
    record("customer.erased", by=STAFF, object_id=public_id("cust", 5), publications=2)

    entry = AuditEntry.objects.get()
    link = f'<a href="/customers/{public_id("cust", 5)}/">{public_id("cust", 5)}</a>'
    assert sentence(entry) == f"erased the personal data of the customer {link}"


def test_a_sentence_tells_numbers_and_leaves_out_an_object_that_there_is_none():
    record("codes.imported", by=STAFF, imported=1234)

    assert sentence(AuditEntry.objects.get()) == "imported 1,234 codes"


def test_only_actions_that_are_recorded_have_a_title_of_their_own():
    assert set(TITLES) - set(SENTENCES) == set()
    assert [heading for heading in TITLES.values() if "{" in heading] == []
    assert title("segment.member_removed") == "Segment: customer removed"
    assert title("api_key.created") == "API key created"


def test_one_is_told_as_one():
    record("codes.imported", by=STAFF, imported=1, object_label="Autumn")
    record("distribution.failed_retried", by=STAFF, count=1, object_label="News")

    failed, imported = map(sentence, AuditEntry.objects.all())

    assert imported == "imported 1 code into <strong>Autumn</strong>"
    assert failed == "retried 1 failed message of the distribution <strong>News</strong>"


def test_an_older_entry_that_lacks_what_its_sentence_tells_is_told_plainly():
    record("campaign.codes_ordered", by=STAFF, object_label="Autumn")

    assert sentence(AuditEntry.objects.get()) == "codes ordered campaign <strong>Autumn</strong>"


def test_an_action_without_a_sentence_still_reads():
    record("code_order.taken_up", by=SYSTEM, object_id="<7>")

    assert sentence(AuditEntry.objects.get()) == "taken up code order <strong>&lt;7&gt;</strong>"


def test_a_label_is_text_not_markup_nor_a_format(signed_in):
    record("api_key.created", by=STAFF, object_id="x", object_label="{object} <script>")

    assert sentence(AuditEntry.objects.get()) == "created the API key <strong>{object} &lt;script&gt;</strong>"


def test_changes_are_told_with_old_and_new_value():
    record(
        "settings.changed", by=STAFF, changes={"keep_files_days": {"from": 30, "to": 7}}, reason="", roles=["Viewer"]
    )

    assert sorted(known_details(AuditEntry.objects.get())) == [
        ("Keep files days", "30 → 7"),
        ("Reason", "none"),
        ("Roles", "Viewer"),
    ]


def test_every_action_that_the_code_records_has_a_sentence():
    nouns = "|".join({action.partition(".")[0] for action in SENTENCES})
    recorded = set()
    for app in ("config", "campaigns", "customers", "publications"):
        for file in Path(settings.BASE_DIR, app).rglob("*.py"):
            recorded |= set(re.findall(rf'"((?:{nouns})\.[a-z_]*(?:ed|_set))"', file.read_text()))

    assert len(recorded) > 20
    assert recorded - set(SENTENCES) - EVENTS == set()
