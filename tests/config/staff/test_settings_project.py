"""The project's settings: what is refused, what is recorded."""

import pytest

from config.staff.change_settings import change_settings
from config.staff.models import AuditEntry, ProjectSettings
from tests.support.factories import STAFF

pytestmark = pytest.mark.django_db
URL = "/settings/project"
VALID = {
    "name": "Northbeam Coffee",
    "time_zone": "Europe/Madrid",
    "currency": "eur",
    "keep_failures_days": "60",
    "keep_files_days": "30",
    "undo_minutes": "10",
}


def test_the_page_changes_the_settings(signed_in):
    answer = signed_in("Manager").post(URL, VALID, follow=True)

    settings = ProjectSettings.objects.get()
    assert (settings.name, settings.time_zone, settings.currency) == ("Northbeam Coffee", "Europe/Madrid", "EUR")
    assert (settings.keep_failures_days, settings.keep_files_days) == (60, 30)
    assert settings.reveal_unpublished_codes is False
    assert "The settings have been saved." in answer.content.decode()


def test_looking_at_the_page_writes_nothing(signed_in):
    signed_in("Manager").get(URL)

    assert not ProjectSettings.objects.exists()


def test_old_and_new_values_are_audited_and_only_of_what_changed(signed_in):
    ProjectSettings.objects.create(id=1, name="Northbeam Coffee", time_zone="UTC", keep_failures_days=60)
    browser = signed_in("Manager")

    browser.post(URL, VALID | {"reveal_unpublished_codes": "on"})

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_id) == ("settings.changed", browser.user.pk)
    assert entry.details == {
        "changes": {
            "time_zone": {"from": "UTC", "to": "Europe/Madrid"},
            "reveal_unpublished_codes": {"from": False, "to": True},
        }
    }


def test_saving_unchanged_settings_records_nothing():
    ProjectSettings.objects.create(id=1)

    assert change_settings({"currency": "EUR", "time_zone": "UTC"}, by=STAFF) == []

    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("time_zone", "Europe/Atlantis", "“Europe/Atlantis” is not a time zone. Choose one from the list, such as "
         "Europe/Madrid or UTC."),
        ("time_zone", "../etc/passwd", "“../etc/passwd” is not a time zone. Choose one from the list, such as "
         "Europe/Madrid or UTC."),
        ("currency", "E1R", "Enter three letters, such as EUR or USD."),
        ("keep_files_days", "0", "Ensure this value is greater than or equal to 1."),
        ("name", " ", "This field is required."),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_and_nothing_saved(signed_in, field, value, error):
    answer = signed_in("Manager").post(URL, VALID | {field: value})

    assert answer.context["form"].errors == {field: [error]}
    assert not ProjectSettings.objects.exists()


def test_a_time_zone_is_found_in_any_case_and_with_spaces(signed_in):
    signed_in("Manager").post(URL, VALID | {"time_zone": "america/new york"})

    assert ProjectSettings.objects.get().time_zone == "America/New_York"
