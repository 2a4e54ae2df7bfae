"""The one CSV writer: the bytes of its files, what it does with formulas, and that nothing half done is left."""

import hashlib
import os
import resource
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.conf import settings
from django.core.files.storage import storages
from django.db.models import Func, Value
from django.db.models.functions import Concat

from campaigns.models import Campaign
from config.imports.csv.files import csv_file, csv_line
from config.imports.csv.layout import CsvLayout
from config.imports.kinds import Column, Number, Time
from tests.support.factories import CampaignFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_data_folder(settings, tmp_path):
    """Else the files that another process of the suite is writing would be found there."""
    settings.HANDOUT_DATA = tmp_path


NAME = [Column("Name", "name")]


def content(columns=NAME, batches=None, **layout) -> bytes:
    batches = [Campaign.objects.order_by("id")] if batches is None else batches
    with csv_file(columns, batches, CsvLayout(**layout)) as file:
        return b"".join(file.content.chunks())


def test_the_bytes_of_a_file():
    CampaignFactory(
        name='Say "hi", twice\nor more', discount_value=Decimal("10.5000"), category="",
        start_date=datetime(2026, 11, 24, 9, 30, tzinfo=UTC), metadata={"tier": "gold"},
    )  # fmt: skip
    CampaignFactory(name="Grün 茶", discount_value=100)

    written = content(
        [
            *NAME,
            Column("Value", "discount_value", Number),
            Column("Start date", "start_date", Time),
            Column("Category", "category"),
            Column("Active", "active"),
            Column("Metadata", "metadata"),
        ]
    )

    assert (
        written
        == (
            "Name,Value,Start date,Category,Active,Metadata\r\n"
            '"Say ""hi"", twice\nor more",10.5,2026-11-24T09:30:00.000Z,,true,"{""tier"": ""gold""}"\r\n'
            "Grün 茶,100,,,true,{}\r\n"
        ).encode()
    )


def test_a_formula_is_made_harmless_unless_the_file_is_lossless():
    CampaignFactory(name="=cmd|' /C calc'!A0")

    assert content() == b"Name\r\n'=cmd\\|' /C calc'!A0\r\n"
    assert content(lossless=True) == b"Name\r\n=cmd|' /C calc'!A0\r\n"


def test_a_byte_order_mark_where_it_is_asked_for():
    CampaignFactory(name="Café")

    assert content(byte_order_mark=True) == b"\xef\xbb\xbfName\r\nCaf\xc3\xa9\r\n"


def test_the_digest_is_that_of_all_the_bytes():
    CampaignFactory(name="Café")

    with csv_file(NAME, [Campaign.objects.all()], CsvLayout(byte_order_mark=True)) as file:
        stored = b"".join(file.content.chunks())

    assert (file.rows, file.size, file.sha256) == (1, len(stored), hashlib.sha256(stored).hexdigest())


def test_batches_follow_each_other_and_are_asked_for_one_by_one():
    CampaignFactory(name="one")
    CampaignFactory(name="two")
    asked = []

    def batches():
        for name in ("two", "one"):
            asked.append(name)
            yield Campaign.objects.filter(name=name)
        yield Campaign.objects.none()

    assert content(batches=batches()) == b"Name\r\ntwo\r\none\r\n"
    assert asked == ["two", "one"]


def test_parameters_of_the_query_are_quoted():
    CampaignFactory(name="100% o'clock \\ %s")

    written = content(
        [Column("Name", Concat("name", Value("' || version() -- %s")))],
        [Campaign.objects.filter(name="100% o'clock \\ %s")],
    )

    assert written == b"Name\r\n100% o'clock \\ %s' || version() -- %s\r\n"


def test_a_row_of_python_follows_the_same_rules():
    assert csv_line(["=1+1", -5, "-5", None, 'a "b"']) == b'\'=1+1,-5,-5,,"a ""b"""\r\n'
    assert csv_line(["=1+1"], lossless=True) == b"=1+1\r\n"


def test_the_storage_gets_the_whole_file_in_one_step_and_nothing_is_left_aside():
    CampaignFactory(name="one")

    with csv_file(NAME, [Campaign.objects.all()]) as file:
        name = storages["files"].save("tests/one.csv", file.content)

    with storages["files"].open(name) as stored:
        assert stored.read() == b"Name\r\none\r\n"
    assert os.stat(stored.name).st_mode & 0o777 == 0o600
    assert os.listdir(settings.HANDOUT_DATA / "unfinished") == []


def test_a_file_that_may_grow_no_further_is_an_error_and_leaves_nothing():
    CampaignFactory(name="x" * 200)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))

    try:
        with pytest.raises(OSError, match="File too large"), csv_file(NAME, [Campaign.objects.all()]):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert os.listdir(settings.HANDOUT_DATA / "unfinished") == []


def test_memory_stays_flat():
    """A million rows of 200 bytes and more, of which this process never holds more than a chunk."""
    CampaignFactory(name="x" * 200)
    numbers = Column("N", Func(Value(1), Value(1_000_000), function="generate_series"), Number)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with csv_file([*NAME, numbers], [Campaign.objects.all()]) as file:
        assert (file.rows, file.size) == (1_000_000, len("Name,N\r\n") + 1_000_000 * 203 + 5_888_896)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KB
