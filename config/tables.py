"""The one base of all list pages: columns, sorting, paging, and the answer to a page or to HTMX."""

from __future__ import annotations

from collections.abc import Callable

import django_tables2 as tables
from django.core.paginator import EmptyPage, PageNotAnInteger, Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.functional import cached_property
from django_tables2.rows import BoundRows

PER_PAGE = 25
COUNT_UP_TO = 10_000


class CappedPaginator(Paginator):
    """Counts no further than COUNT_UP_TO rows: counting 7,000,000 took 323 ms, 10,001 of them 0.5 ms.

    Pages end there as well, so that no OFFSET is ever large; filters narrow the list down to what is looked for.
    """

    @cached_property
    def _counted(self) -> int:
        rows = self.object_list  # django-tables2 wraps its data twice; the admin hands over the queryset itself
        data = rows.data.data if isinstance(rows, BoundRows) else rows
        return data.order_by()[: COUNT_UP_TO + 1].count() if isinstance(data, QuerySet) else len(data)

    @property
    def capped(self) -> bool:
        return self._counted > COUNT_UP_TO

    @cached_property
    def count(self) -> int:
        return min(self._counted, COUNT_UP_TO)


class Table(tables.Table):
    """Base of every table. A column is sortable only where it says `orderable=True`, that is, where an index serves it.

    `empty_icon`, `empty_title` and `empty_text` are shown when there is nothing at all; `filtered` is set by
    `list_page` when a filter is on, and the table then offers to clear it.
    `footer_template`, if set, is drawn left of the pager (for "Download CSV"); `row_template` below each row, as a
    further <tr> (or nothing); `notice` is told above the list.
    """

    empty_icon = "inbox"
    empty_title = "Nothing here yet"
    empty_text = ""
    empty_url = ""
    empty_action = ""
    footer_template = ""
    row_template = ""
    notice = ""
    filters_id = "filters"
    filtered = False

    class Meta:
        template_name = "_table.html"
        attrs = {"class": "data"}
        orderable = False

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("empty_text", self.empty_text)
        super().__init__(*args, **kwargs)

    @property
    def html_id(self) -> str:
        return f"{self.prefix}list"

    def read(self, request) -> Table:
        """Takes order and page from the address. Nonsense there is never an error: the first or last page is shown."""
        self.request = request
        if self.sort:
            self.order_by = self.sort
        wanted = request.GET.get(self.prefixed_page_field, 1)
        try:
            self.paginate(page=wanted, per_page=PER_PAGE, paginator_class=CappedPaginator)
        except PageNotAnInteger:
            self.page = self.paginator.page(1)
        except EmptyPage:
            self.page = self.paginator.page(self.paginator.num_pages if int(wanted) > 0 else 1)
        return self

    @property
    def sort(self) -> str:
        """The order asked for in the address; the filter form carries it along."""
        return self.request.GET.get(self.prefixed_order_by_field, "")


def list_page(
    request, template: str, table: Table, context: dict | Callable[[], dict] | None = None, *, filterset=None
) -> HttpResponse:
    """The page `template`, or, when HTMX asks for the table only, the table only. One template, one partial.

    `template` shows the table with `{% render_table table %}` and the filters with `{% include "_filters.html" %}`.
    A `context` that costs something is given as a function: it is called for the whole page only.
    """
    if filterset is not None:
        table.filtered = any(request.GET.get(name) for name in filterset.form.fields)
    table.read(request)
    wants_table = request.htmx and not request.htmx.history_restore_request and request.htmx.target == table.html_id
    if wants_table:
        # Through the tag, as in the whole page: only so do the cells know the request and what the user may do.
        response = render(request, "_list.html", {"table": table})
    else:
        more = context() if callable(context) else context or {}
        response = render(request, template, {"table": table, "filter": filterset, **more})
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


class NumberColumn(tables.Column):
    """Right-aligned, with thousands separated."""

    attrs = {"th": {"class": "num"}, "td": {"class": "num"}}


class WhenColumn(tables.TemplateColumn):
    """A moment: relative, with the exact time on hover."""

    def __init__(self, **kwargs):
        super().__init__(template_code="{% when value %}", **kwargs)


class PillColumn(tables.TemplateColumn):
    """A state as a pill: the choice's label, coloured by {% pill %}."""

    def __init__(self, **kwargs):
        kwargs.setdefault("attrs", {"td": {"class": "aside"}})
        super().__init__(template_code="{% pill value %}", **kwargs)


class ChannelColumn(tables.TemplateColumn):
    def __init__(self, **kwargs):
        super().__init__(template_code="{% channel value %}", **kwargs)
