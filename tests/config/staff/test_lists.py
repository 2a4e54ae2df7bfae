"""The base of all lists: pages that never fail, counting that ends, the answer to HTMX."""

import pytest

from config.staff.lists.tables import Table, list_page
from customers.models import Customer
from tests.support.factories import CustomerFactory

pytestmark = pytest.mark.django_db


class NameTable(Table):
    class Meta(Table.Meta):
        model = Customer
        fields = ("name", "source_id")
        sequence = ("name", "source_id")

    empty_title = "No customers yet"


class SortableTable(NameTable):
    class Meta(NameTable.Meta):
        orderable = True


def read(rf, address, table=NameTable, **kwargs):
    return table(Customer.objects.order_by("id")).read(rf.get(address))


@pytest.mark.parametrize(
    "page, shown",
    [
        ("", 1),
        ("?page=2", 26),
        ("?page=99", 51),
        ("?page=0", 1),
        ("?page=-4", 1),
        ("?page=x", 1),
        ("?page=", 1),
        (f"?page={10**30}", 51),
        ("?after=x", 1),
        (f"?after={10**30}", 1),
        ("?before=-1", 1),
        ("?at=yesterday", 1),
        ("?at=2026-02-30", 1),
    ],
)
def test_a_page_that_does_not_exist_shows_one_that_does(rf, page, shown):
    CustomerFactory.create_batch(60)

    assert read(rf, f"/{page}").page.start_index == shown


def test_nobody_can_ask_for_all_rows_at_once(rf):
    CustomerFactory.create_batch(30)

    assert len(list(read(rf, "/?per_page=1000").paginated_rows)) == 25


def test_a_list_is_one_count_and_one_select(rf, django_assert_num_queries):
    CustomerFactory.create_batch(30)

    with django_assert_num_queries(2):
        table = read(rf, "/")
        table.as_html(table.request)


def test_only_columns_that_say_so_are_sorted(rf):
    CustomerFactory(name="Ada", source_id="1"), CustomerFactory(name="Zoe", source_id="2")

    refused = read(rf, "/?sort=-name")
    sorted_ = read(rf, "/?sort=-name", SortableTable)
    nonsense = read(rf, "/?sort=password", SortableTable)

    assert [row.get_cell("name") for row in refused.rows] == ["Ada", "Zoe"]
    assert [row.get_cell("name") for row in sorted_.rows] == ["Zoe", "Ada"]
    assert [row.get_cell("name") for row in nonsense.rows] == ["Ada", "Zoe"]


def test_an_empty_list_says_so(rf):
    table = read(rf, "/")

    assert "No customers yet" in table.as_html(table.request)


class Htmx:
    boosted = False
    history_restore_request = False

    def __init__(self, target):
        self.target = target

    def __bool__(self):
        return self.target is not None


@pytest.mark.parametrize("target, whole", [(None, True), ("list", False), ("elsewhere", True)])
def test_htmx_gets_the_table_alone_when_it_asks_for_it(rf, target, whole, tmp_path, settings):
    (tmp_path / "page.html").write_text("{% load django_tables2 %}<h1>Customers</h1>{% render_table table %}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    request = rf.get("/")
    request.htmx = Htmx(target)
    request.user = None
    CustomerFactory(name="Ada")

    response = list_page(request, "page.html", NameTable(Customer.objects.all()))

    page = response.content.decode()
    assert ("<h1>" in page, "Ada" in page) == (whole, True)
    assert response["Vary"] == "HX-Request, HX-Target"
