"""What a spreadsheet has ruined is a warning with its rows, not "valid"."""

import pytest

from campaigns.codes.models import CodeImport
from config.imports.csv.ruined import ruined_cells
from tests.config.imports.test_import_pages import upload
from tests.support.factories import CampaignFactory


def damage(*cells: str) -> list[tuple[str, list[int]]]:
    rows = [(number, [cell]) for number, cell in enumerate(cells, start=2)]
    return [(each.what, each.rows) for each in ruined_cells(rows, {0: "code"}, ["Code"])]


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (["5.03E+02", "A-1"], [("long numbers became powers of ten", [2])]),
        (["1.23457E+17", "1,23457E+17"], [("long numbers became powers of ten", [2, 3])]),
        (["12-Mar", "Mar-12", "1. Mai", "31.12.2026", "2026-03-12"], [("codes became dates", [2, 3, 4, 5, 6])]),
        (["123456789012345000", "A"], [("digits beyond the fifteenth became zeros", [2])]),
        (["00012345", "12346", "00012347", "00012348"], [("zeros at the beginning were lost", [3])]),
        (["7654321", "23456789", "12345678"], [("zeros at the beginning were lost", [2])]),
        (["1", "2", "9", "10", "11", "99", "100"], []),
        (["12345E5", "ABC-MAR", "MAR2026", "123456789012345678", "46387"], []),
        (["1234", "123456", "12345678"], []),
    ],
)
def test_cells_that_a_spreadsheet_has_changed(cells, found):
    assert damage(*cells) == found


@pytest.mark.django_db
def test_the_preview_warns_and_calls_nothing_valid(signed_in):
    browser = signed_in("Manager")
    url = f"/campaigns/{CampaignFactory().public_id}/import"

    page = browser.get(upload(browser, "Code\n5.03E+02\n1.23457E+17\n12-Mar\n", url).url)

    assert [(warned.times, warned.rows) for warned in page.context["preview"].warnings] == [(2, [2, 3]), (1, [4])]
    assert "“5.03E+02”" in page.content.decode()
    assert "All valid" not in page.content.decode()
    assert CodeImport.objects.get().status == "draft"
