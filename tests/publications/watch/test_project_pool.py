"""When a pool runs dry: arithmetic."""

from datetime import date, timedelta

from publications.watch.project_pool import HORIZON, Planned, project_pool

TODAY = date(2026, 12, 1)


def day(n):
    return TODAY + timedelta(days=n)


def project(left, pace=0.0, planned=(), until=None):
    return project_pool(left, pace=pace, planned=planned, today=TODAY, until=until)


def test_at_an_even_pace_it_is_empty_when_the_last_is_taken():
    assert project(100, pace=10).empty_on == day(9)
    assert project(101, pace=10).empty_on == day(10)
    assert project(1, pace=0.1).empty_on == day(9)


def test_without_a_pace_it_lasts():
    assert project(100) == (None, None, 0)


def test_beyond_a_year_or_the_end_of_the_campaign_nothing_is_said():
    assert project(10 * HORIZON + 20, pace=10).empty_on is None
    assert project(100, pace=10, until=day(8)).empty_on is None
    assert project(100, pace=10, until=day(9)).empty_on == day(9)


def test_an_empty_pool_is_empty_today():
    assert project(0, pace=1).empty_on == TODAY


def test_what_is_planned_is_taken_on_its_day():
    assert project(100, planned=[Planned(day(3), 100, 7)]).empty_on == day(3)
    assert project(100, pace=10, planned=[Planned(day(3), 50, 7)]).empty_on == day(4)
    assert project(100, planned=[Planned(day(3), 99, 7)]).empty_on is None


def test_what_is_short_is_told_with_how_many():
    first, second = Planned(day(2), 60, 7), Planned(day(5), 60, 8)

    assert project(100, planned=[first, second]) == (day(5), second, 20)
    assert project(100, pace=10, planned=[second]) == (day(5), second, 10)


def test_something_planned_after_the_pool_is_empty_is_short_by_all_of_it():
    later = Planned(day(30), 40, 7)

    assert project(20, pace=10, planned=[later]) == (day(1), later, 40)


def test_what_should_have_started_is_taken_today():
    late = Planned(day(-3), 40, 7)

    assert project(20, planned=[late]) == (TODAY, late, 20)
