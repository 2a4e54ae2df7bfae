"""The one base of all list pages: columns, sorting, paging, and the answer to a page or to HTMX."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

import django_tables2 as tables
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString
from django_filters import FilterSet
from django_tables2.rows import BoundRows

from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.paging import PER_PAGE, PLACE, Page


class Looked(NamedTuple):
    """How far a list has searched when no index serves the question; shown above the list, with a link to search
    further.
    """

    things: str
    count: int  # type: ignore[assignment]  # it hides a tuple's own count(), which nobody asks for
    back_to: datetime | None  # None: to the very last
    further: str | None  # the value of `?beyond=` that looks on from there
    went_on: bool  # it began beyond the newest itself


class Table(tables.Table):
    """Base of every table. A column is sortable only where it says `orderable=True`, that is, where an index serves it.

    `empty_icon`, `empty_title` and `empty_text` are shown when there is nothing at all; `filtered` is set by
    `list_page` when a filter is on, and the table then offers to clear it.
    `footer_template`, if set, is drawn left of the pager (for "Report"); `row_template` below each row, as a
    further <tr> (or nothing); `selection_template` below the rows while some are ticked, with `chosen_of` naming what they
    are ("codes"); `notice` is shown above the list, as is how far it has `looked`. `moment` is the column that the reader
    jumps to a date by, `key` the one that tells rows apart (see `Page`).
    """

    empty_icon = "inbox"
    empty_title = "Nothing here yet"
    empty_text = ""
    empty_url: Any = ""  # or lazily reversed, or a property, as `looked` and `notice`
    empty_action = ""
    footer_template = ""
    row_template = ""
    selection_template = ""
    chosen_of = ""
    one_line = False  # all rows of one height: what does not fit ends in an ellipsis, and is told whole on hover
    notice: Any = ""
    looked: Any = None
    refused: tuple[str, ...] = ()  # what was wrong with the filters
    filters_id = "filters"
    filtered = False
    per_page = PER_PAGE
    moment = "created_at"
    key = "pk"

    class Meta:
        template_name = "partials/_table.html"
        attrs = {"class": "data"}
        orderable = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("empty_text", self.empty_text)
        super().__init__(*args, **kwargs)

    html_id = "list"

    def read(self, request: HttpRequest) -> Table:
        """Takes order and page from the address. Invalid values are never an error: the first page is shown."""
        self.request = request
        if self.sort:
            self.order_by = self.sort
        self.page = Page(self.data.data, request.GET, per_page=self.per_page, key=self.key, moment=self.moment)
        self.page.object_list = BoundRows(data=self.page.rows, table=self)
        return self

    @property
    def kept_parameters(self) -> list[tuple[str, str]]:
        """What a jump to a date keeps: filters and order."""
        given = ((name, values) for name, values in self.request.GET.lists() if name not in PLACE)
        return [(name, value) for name, values in given for value in values if value]

    @property
    def filters(self) -> str:
        """The part of the address that narrows the list, as a query string."""
        return urlencode([(name, value) for name, value in self.kept_parameters if name != "sort"])

    @property
    def sort(self) -> str:
        """The order asked for in the address, which the filter form passes on."""
        return self.request.GET.get("sort", "")


def list_page(
    request: HtmxHttpRequest,
    template: str,
    table: Table,
    context: dict | Callable[[], dict] | None = None,
    *,
    filterset: FilterSet | None = None,
) -> HttpResponse:
    """The page `template`, or, when HTMX asks for the table only, the table only. One template, one partial.

    `template` shows the table with `{% render_table table %}` and the filters with `{% include "partials/_filters.html" %}`.
    A `context` that costs something is given as a function: it is called for the whole page only.
    """
    if filterset is not None:
        table.filtered = any(request.GET.get(name) for name in filterset.form.fields)
        table.refused = tuple(_in_words(filterset.form))
    table.read(request)
    wants_table = request.htmx and not request.htmx.history_restore_request and request.htmx.target == table.html_id
    if wants_table:
        # Through the tag, as in the whole page: only so do the cells know the request and what the user may do.
        response = render(request, "partials/_list.html", {"table": table})
    else:
        more = context() if callable(context) else context or {}
        response = render(request, template, {"table": table, "filter": filterset, **more})
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _in_words(form: BaseForm) -> Iterator[str]:
    for name, errors in form.errors.items():
        about = f"{form.fields[name].label}: " if name in form.fields else ""
        yield from (f"{about}{error}" for error in errors)


class ChoiceColumn(tables.TemplateColumn):
    """A checkbox, in a list with a `selection_template`, which offers what can be done with the ticked rows."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            template_code='<input type="checkbox" name="chosen" value="{{ record.public_id }}" form="selection" aria-label="Choose this row">',
            verbose_name=SafeString(
                '<input type="checkbox" data-choose-all aria-label="Choose all rows of this page">'
            ),
            empty_values=(),
            attrs={"th": {"class": "chooser"}, "td": {"class": "chooser"}},
            **kwargs,
        )


class NumberColumn(tables.Column):
    """Right-aligned, with thousands separated."""

    attrs = {"th": {"class": "num"}, "td": {"class": "num"}}


class WhenColumn(tables.TemplateColumn):
    """A moment: relative, with the exact time on hover."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(template_code="{% when value %}", **kwargs)
