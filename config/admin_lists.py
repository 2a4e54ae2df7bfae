"""The admin's lists, paged as the dashboard's are: to the very last row, each page as cheap as the first."""

from __future__ import annotations

from django.contrib.admin.views.main import ERROR_FLAG, PAGE_VAR, ChangeList

from config.paging import END, Page

PLACE = ("after", "before")


class PagedChangeList(ChangeList):
    """Django's pages are OFFSETs, which end where counting does, or read all that they skip."""

    def get_queryset(self, request, **kwargs):
        for name in PLACE:  # they are no filters, and links to another order or filter begin with the first page
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        return super().get_queryset(request, **kwargs)

    def get_results(self, request) -> None:
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

    def _address(self, **place) -> str:
        return self.get_query_string(place, remove=[ERROR_FLAG])
