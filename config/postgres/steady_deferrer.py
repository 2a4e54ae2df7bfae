"""Periodic jobs on a clock that jumps: Procrastinate remembers until when it has ordered them, and would rest for as long
as the clock was put back by, or order each of the thousands that a jump forward has passed over.
"""

from __future__ import annotations

from collections.abc import Iterable

from procrastinate import periodic


class SteadyDeferrer(periodic.PeriodicDeferrer):
    def get_previous_tasks(self, at: float) -> Iterable[periodic.TaskAtTime]:
        """Of each task the last time that has come, if it is another than the last ordered. Those in between are made up
        for by it: our tasks do all that there is to do, and only one of each waits in the queue anyway.
        """
        for key, task in self.registry.periodic_tasks.items():
            times = task.croniter
            times.set_current(start_time=at)
            due, last = round(times.get_prev(ret_type=float)), self.last_defers.get(key)
            if due == last or (at - due > self.max_delay and not (last and last < due)):
                continue
            self.last_defers[key] = due
            yield task, due
