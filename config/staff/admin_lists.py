"""The admin's lists, paged like the dashboard's: to the very last row, each page as cheap as the first. Also their
numbers.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ERROR_FLAG, PAGE_VAR, ChangeList
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest

from config.staff.lists.paging import END, Page

PLACE = ("after", "before")


class PagedChangeList(ChangeList):
    """Django pages by OFFSET, which ends where counting does, or reads everything it skips."""

    def get_queryset(self, request: HttpRequest, **kwargs: Any) -> QuerySet:
        for name in PLACE:  # they are no filters, and links to another order or filter begin with the first page
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        return super().get_queryset(request, **kwargs)

    def get_results(self, request: HttpRequest) -> None:
        asked = {name: request.GET[name] for name in PLACE if name in request.GET}
        self.page = Page(self.queryset, asked or {"page": request.GET.get(PAGE_VAR, "")}, per_page=self.list_per_page)
        self.result_list = self.page.rows
        self.result_count = self.page.count
        self.full_result_count, self.show_full_result_count, self.show_admin_actions = None, False, True
        self.can_show_all, self.multi_page = False, False  # which draws Django's own links

    @property
    def links(self) -> list[tuple[str, str, str]]:
        """(word, rel, address) to the pages around this one."""
        page, links = self.page, []
        if page.has_previous:
            links += [("First", "", self._address()), ("Previous", "prev", self._address(before=page.first_key))]
        if page.has_next:
            links += [("Next", "next", self._address(after=page.last_key)), ("Last", "", self._address(before=END))]
        return links

    def _address(self, **place: Any) -> str:
        return self.get_query_string(place, remove=[ERROR_FLAG])


class PlainDecimalField(forms.DecimalField):
    """Shows 10.5000 as 10.5, the way people write it."""

    def prepare_value(self, value: Any) -> Any:
        return plain(value) if isinstance(value, Decimal) else value


def plain(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"


def shown_plain(model: Any, name: str) -> Any:
    """A column of decimals as something to display, instead of 10.0000; other names as they are."""
    try:
        field = model._meta.get_field(name) if isinstance(name, str) else None
    except FieldDoesNotExist:
        field = None
    if not isinstance(field, models.DecimalField):
        return name

    @admin.display(description=field.verbose_name, ordering=name)
    def cell(row: Any) -> str | None:
        return plain(getattr(row, name))

    return cell
