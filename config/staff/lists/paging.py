"""Pages of a list, from the first row to the very last, each as cheap as the first (ADR 0022).

An address names a page by a row: `?after=<key>` and `?before=<key>` (`before=end` is the last page), `?at=2026-03-01` by
a day. `?page=7` is understood as well, for addresses that were kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_date

from config.postgres.plan_for_values import plan_for_values
from config.staff.lists.keyset import Compare, Part, name_of, order_of, ranges_after, sort
from config.staff.time_zone import end_of, start_of

PER_PAGE = 25
COUNT_UP_TO = 10_000
# What an address may hold of this, and of how far was looked (config/staff/lists/looking_back.py): a new filter or order leaves it
# behind and begins with the first page.
PLACE = ("after", "before", "at", "page", "beyond")
END = "end"
LARGEST_KEY = 2**63 - 1


def count_rows(rows: QuerySet) -> tuple[int, bool]:
    """How many rows there are, and whether there are more: counting 7,000,000 took 323 ms, 10,001 of them 0.5 ms."""
    with plan_for_values():
        counted = rows.order_by()[: COUNT_UP_TO + 1].count()
    return min(counted, COUNT_UP_TO), counted > COUNT_UP_TO


class Page:
    """The rows of `queryset` that stand on the page which `asked` (the address) names.

    Nonsense is no error: the first page is shown. So it is when the row that the address names is gone (`lost`).
    `key` is the column that tells rows apart. `moment` is the column that `at` looks for, if dates mean anything here;
    it is the first that the rows are sorted by, or else goes up with the key.
    """

    def __init__(
        self, queryset: QuerySet, asked: Mapping[str, str], *, per_page: int, key: str = "pk", moment: str = ""
    ) -> None:
        self._queryset, self._per_page, self._key = queryset, per_page, key
        self._order = order_of(queryset, key=key)
        self._backwards = [part.reversed() for part in self._order]
        self._moment = moment if moment and self._by_moment(moment) else ""
        self.count, self.capped = count_rows(queryset)
        self.lost = False
        self.has_previous = self.has_next = False
        self.start_index: int | None = 1  # None: not known, since counting ended before
        self.rows = self.object_list = self._read(asked)  # a table has its own rows around them

    def __iter__(self) -> Iterator[Any]:
        return iter(self.object_list)

    def __getitem__(self, number: int) -> Any:
        return self.object_list[number]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def end_index(self) -> int | None:
        return None if self.start_index is None else self.start_index + len(self.rows) - 1

    @property
    def is_whole(self) -> bool:
        """Whether this is the list's only page."""
        return not (self.has_previous or self.has_next)

    @property
    def can_jump(self) -> bool:
        return bool(self._moment) and not self.is_whole

    @property
    def first_key(self) -> Any:
        return self._key_of(self.rows[0])

    @property
    def last_key(self) -> Any:
        return self._key_of(self.rows[-1])

    def _read(self, asked: Mapping[str, str]) -> list:
        if asked.get("before") == END:
            return self._last()
        for name, read in (("after", self._after), ("before", self._before)):
            if (key := _key(asked.get(name))) is not None:
                values = self._values_of(key)
                self.lost = values is None
                return self._first() if values is None else read(values)
        if self._moment and (day := _day(asked.get("at"))):
            return self._at(day)
        if (number := _key(asked.get("page"))) is not None and number > 1:
            return self._numbered(number)
        return self._first()

    def _first(self) -> list:
        self.start_index = 1
        return self._take([Q()], forwards=True)

    def _last(self) -> list:
        rows = self._take([Q()], forwards=False)
        if not self.has_previous:
            return self._first()
        self.start_index = None if self.capped else self.count - len(rows) + 1
        return rows

    def _after(self, values: tuple) -> list:
        return self._from(ranges_after(self._order, values))

    def _before(self, values: tuple) -> list:
        ranges = ranges_after(self._backwards, values)
        rows = self._take(ranges, forwards=False)
        if not self.has_previous:
            return self._first()  # whole, rather than what is left of it
        self.has_next = True
        self.start_index = None if self.capped else self._count(ranges) - len(rows) + 1
        return rows

    def _at(self, day: date) -> list:
        """From the newest of the day on, or from its oldest where the old ones come first."""
        first = self._order[0]
        moment = end_of(day) if first.descending else start_of(day)
        place = moment if _is(first, self._moment) else self._key_at(moment)
        rows = self._from([Q(Compare([first.expression], "<" if first.descending else ">=", [place]))])
        if rows and self.capped and self.has_next and (values := self._values_of(self._key_of(rows[0]))):
            before = ranges_after(self._backwards, values)
            self.has_previous = any(self._queryset.filter(each).exists() for each in before)
        return rows

    def _from(self, ranges: list[Q]) -> list:
        rows = self._take(ranges, forwards=True)
        if not rows:
            return self._last()
        if self.capped:
            self.start_index, self.has_previous = None, True
        else:
            self.start_index = self.count - self._count(ranges) + 1
            self.has_previous = self.start_index > 1
        return rows

    def _numbered(self, number: int) -> list:
        """As pages were named before. No OFFSET is large: beyond what is counted it is the last of those."""
        last = max(1, -(-self.count // self._per_page))
        skip = (min(number, last) - 1) * self._per_page
        rows = list(sort(self._queryset, self._order)[skip : skip + self._per_page + 1])
        self.has_previous, self.has_next = skip > 0, len(rows) > self._per_page
        self.start_index = skip + 1
        return rows[: self._per_page]

    def _take(self, ranges: list[Q], *, forwards: bool) -> list:
        """The page's rows out of the ranges, and whether there are more beyond them."""
        order = self._order if forwards else self._backwards
        rows: list = []
        for each in ranges:
            rows += sort(self._queryset.filter(each), order)[: self._per_page + 1 - len(rows)]
            if len(rows) > self._per_page:
                break
        more = len(rows) > self._per_page
        rows = rows[: self._per_page]
        if forwards:
            self.has_next = more
            return rows
        self.has_previous = more
        return rows[::-1]

    def _count(self, ranges: list[Q]) -> int:
        return sum(self._queryset.order_by().filter(each).count() for each in ranges)

    def _values_of(self, key: Any) -> tuple | None:
        """What the row is sorted by. It need not fit the filters any more: it still tells the place."""
        rows = self._queryset if self._key != "pk" else self._queryset.model._base_manager.all()
        names = self._queryset.query.annotations
        if any(name_of(part.expression) in names for part in self._order):
            rows = self._queryset
        expressions = [part.expression for part in self._order]
        return next(iter(rows.order_by().filter(**{self._key: key}).values_list(*expressions)[:1]), None)

    def _by_moment(self, moment: str) -> bool:
        """By that column, or by the key alone, which goes up with it."""
        return _is(self._order[0], moment) or (len(self._order) == 1 and self._key == "pk")

    def _key_at(self, moment: datetime) -> int:
        """The first key of that moment or later, found by halving: keys go up with time, and have an index."""
        rows = self._queryset.model._base_manager.order_by("pk")
        low, high = 0, (rows.values_list("pk", flat=True).last() or 0) + 1
        while low < high:
            middle = (low + high) // 2
            found = rows.filter(pk__gte=middle).values_list("pk", self._moment).first()
            if found is None or found[1] >= moment:
                high = middle
            else:
                low = found[0] + 1
        return low

    def _key_of(self, row: Any) -> Any:
        return row[self._key] if isinstance(row, dict) else getattr(row, self._key)


def _key(text: str | None) -> int | None:
    if not text or not text.isascii() or not text.isdecimal() or len(text) > 40:
        return None
    return min(int(text), LARGEST_KEY)


def _day(text: str | None) -> date | None:
    try:
        return parse_date(text or "")
    except ValueError:
        return None


def _is(part: Part, name: str) -> bool:
    return name_of(part.expression) == name
