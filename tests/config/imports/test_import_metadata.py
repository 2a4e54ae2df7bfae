"""A column of metadata as JSON, as reports write it: it keeps types, and other columns add their keys to it."""

import pytest

from campaigns.codes.models import Voucher
from customers.models import Customer
from tests.support.factories import CampaignFactory, CustomerFactory
from tests.support.imports import counts, imported_codes, imported_customers, refused

pytestmark = pytest.mark.django_db


def test_of_a_code():
    done = imported_codes(
        'Code,Metadata,Region\nA,"{""batch"": 7, ""tags"": [""x""]}",Europe\nB,,\n', CampaignFactory()
    )

    assert done.mapping == {"0": "code", "1": "metadata", "2": "metadata.Region"}
    assert counts(done) == (2, 2, 0, 0)
    assert list(Voucher.objects.order_by("id").values_list("metadata", flat=True)) == [
        {"batch": 7, "tags": ["x"], "Region": "Europe"},
        None,
    ]


def test_of_a_customer():
    CustomerFactory(source_id="c-1", metadata={"lang": "en", "age": 40})

    done = imported_customers('Source ID,Metadata,Shoe size\nc-1,"{""age"": 41}",38\n')

    assert counts(done) == (1, 0, 1, 0)
    assert Customer.objects.get().metadata == {"lang": "en", "age": 41, "Shoe size": "38"}


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("7", 'Metadata: Metadata must be a JSON object, such as {"lang": "en"}.'),
        ("{x}", 'Metadata: “{x}” is not a JSON object. Write it as {"lang": "en"}, or empty the cell.'),
        (
            '{""a"": ""\\u0000""}',
            "Metadata: Metadata contains a NUL character (\\u0000), which cannot be stored; remove it.",
        ),
        (
            '{""a"": ""\\ud800""}',
            "Metadata: Metadata contains half a character (a lone surrogate); remove it.",
        ),
        (
            "[" * 50_000,
            f'Metadata: “{"[" * 60}…” is not a JSON object. Write it as {{"lang": "en"}}, or empty the cell.',
        ),
    ],
)
def test_what_cannot_be_metadata(cell, error):
    codes = imported_codes(f'Code,Metadata\nA,"{cell}"\nB,\n', CampaignFactory())
    customers = imported_customers(f'Source ID,Metadata\nA,"{cell}"\nB,\n')

    assert refused(codes) == refused(customers) == [(2, error)]
    assert (counts(codes), counts(customers)) == ((2, 1, 0, 1), (2, 1, 0, 1))


def test_a_refused_row_is_known_by_its_code_or_source_id():
    codes = imported_codes("Code,Active\nA,maybe\nB,yes\nB,yes\n,yes\n" + '"C,yes\n', CampaignFactory())
    customers = imported_customers("Source ID,E-mail\nc-1,nonsense\n")

    assert list(codes.refused.order_by("row").values_list("row", "key")) == [(2, "A"), (4, "B"), (5, ""), (6, "")]
    assert list(customers.refused.values_list("row", "key")) == [(2, "c-1")]
