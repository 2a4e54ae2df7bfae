"""Runs a test once more that failed while the machine's clock was set, or as an hour ended; no other failure is tried again.

A virtual machine that is moved or stopped for a moment finds its clock a minute behind, and a rest of a minute is over at
once. With an hour a day may begin, in UTC or in a test's time zone: what was written a moment ago was written yesterday.
"""

from __future__ import annotations

import time

import pytest
from _pytest.runner import runtestprotocol

MOVED = 0.05  # seconds; the network's small corrections stay below a thousandth of the time that passes
HOUR = 3600


@pytest.hookimpl
def pytest_runtest_protocol(item, nextitem):
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    before, began, hour = _ahead(), time.monotonic(), _hour()
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    moved = _ahead() - before
    is_set = abs(moved) > MOVED + (time.monotonic() - began) / 1000
    if any(report.failed for report in reports) and (is_set or _hour() != hour):
        meanwhile = f"the clock was moved by {moved:.2f} s" if is_set else "a new hour began"
        item.warn(pytest.PytestWarning(f"failed while {meanwhile}, so it was run again"))
        item._initrequest()
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _ahead() -> float:
    """The clock of the wall, less the one that only ever counts on."""
    return time.time() - time.monotonic()


def _hour() -> int:
    return int(time.time() // HOUR)
