"""How long a code is valid after its publication: typed by people, kept as ISO 8601, understood by PostgreSQL."""

import pytest
from django.db import connection

from campaigns.durations import InvalidDuration, parse_duration, spoken_duration


@pytest.mark.parametrize(
    ("typed", "kept", "spoken"),
    [
        ("30 days", "P30D", "30 days"),
        ("1 day", "P1D", "1 day"),
        ("2 weeks and 12 h", "P2WT12H", "2 weeks 12 hours"),
        (" 90min ", "PT90M", "90 minutes"),
        ("p1m", "P1M", "1 month"),
        ("P1Y2M3DT4H5M6S", "P1Y2M3DT4H5M6S", "1 year 2 months 3 days 4 hours 5 minutes 6 seconds"),
        ("", "", ""),
    ],
)
def test_a_duration_is_read_and_said(typed, kept, spoken):
    assert parse_duration(typed) == kept
    assert spoken_duration(kept) == spoken


@pytest.mark.parametrize(
    "typed", ["30", "days", "P", "PT", "P30", "30 days 2 days", "-3 days", "0 days", "5 moons", "101 years"]
)
def test_what_is_no_duration_is_refused(typed):
    with pytest.raises(InvalidDuration):
        parse_duration(typed)


@pytest.mark.django_db
@pytest.mark.parametrize("kept", ["P30D", "P2W", "P2WT12H", "PT90M", "P1Y2M3W4DT5H6M7S", "P100Y", "PT876600H"])
def test_postgresql_understands_what_is_kept(kept):
    with connection.cursor() as cursor:
        cursor.execute("SELECT now() + %s::interval > now()", [kept])

        assert cursor.fetchone() == (True,)
