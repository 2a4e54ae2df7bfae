"""`dump_database` and `restore_database`, as real commands: what backups and a change of PostgreSQL's version rest on."""

import stat

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from config.erasure_journal import read_erasures
from tests.support.factories import CampaignFactory, CustomerFactory
from tests.support.running_handout import manage


@pytest.mark.django_db(transaction=True)
def test_a_dump_fills_an_empty_database(tmp_path, empty_database):
    campaign = CampaignFactory(name="Autumn", codes=3)
    dump = tmp_path / "handout.dump"
    dump.touch(mode=0o644)

    call_command("dump_database", dump)
    restored = manage(tmp_path / "data", "restore_database", str(dump), DATABASE_URL=empty_database)
    codes = manage(tmp_path / "data", "shell", "-v", "0", "-c", SHOW_CODES, DATABASE_URL=empty_database)

    assert stat.S_IMODE(dump.stat().st_mode) == 0o600  # whatever the umask, and whatever lay there before
    assert (restored.returncode, restored.stderr) == (0, "")
    assert codes.stdout == f"{campaign.public_id} Autumn 3\n"


@pytest.mark.django_db(transaction=True)
def test_a_restored_database_publishes_nothing_and_erases_again(tmp_path, empty_database):
    CampaignFactory(codes=1)
    erased, living = CustomerFactory(name="Ada"), CustomerFactory(name="Ben")
    dump, erasures = tmp_path / "handout.dump", tmp_path / "erasures.csv"
    erasures.write_text(
        f"2026-11-30T10:00:00+00:00,{erased.public_id}\n2026-11-30T10:00:00+00:00,cust_unknown\n2026-11"
    )

    call_command("dump_database", dump)
    restored = manage(
        tmp_path / "data", "restore_database", str(dump), "--erasures", str(erasures), DATABASE_URL=empty_database
    )

    assert (restored.returncode, restored.stderr) == (0, "")
    assert "Nothing is published until you have reviewed" in restored.stdout
    with psycopg.connect(empty_database) as database:
        held = database.execute(
            "SELECT cause, prepared_at IS NOT NULL, ended_at, lost_since < now() FROM staff_quarantine"
        )
        assert held.fetchall() == [("restore", True, None, True)]
        people = database.execute("SELECT name FROM customers_customer ORDER BY id").fetchall()
        assert people == [("",), ("Ben",)]
        ids = database.execute("SELECT nextval('customers_customer_id_seq'), nextval('auth_user_id_seq')").fetchone()
    assert living.pk + 10**9 <= ids[0] and ids[1] < 10**6


@pytest.mark.django_db(transaction=True)
def test_a_dump_that_cannot_be_read_to_its_end_leaves_the_database_empty(tmp_path, empty_database):
    CampaignFactory(codes=3)
    dump = tmp_path / "handout.dump"
    call_command("dump_database", dump)
    dump.write_bytes(dump.read_bytes()[:-100])

    cut_off = manage(tmp_path / "data", "restore_database", str(dump), DATABASE_URL=empty_database)

    assert cut_off.returncode == 1 and "pg_restore" in cut_off.stderr
    with psycopg.connect(empty_database) as database:
        assert database.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


@pytest.mark.django_db(transaction=True)
def test_an_erasure_is_noted_beside_the_database_and_not_done_where_it_cannot_be(tmp_path, settings, signed_in):
    customer = CustomerFactory(name="Ada")
    settings.ERASURES_FILE = tmp_path / "missing" / "erasures.csv"
    url = reverse("dashboard:erase-customer", kwargs={"customer_id": customer.pk})
    manager = signed_in("Manager")

    refused = manager.post(url, follow=True)
    customer.refresh_from_db()
    assert customer.name == "Ada"
    assert "Nothing was erased: fix that on the server" in refused.content.decode()

    settings.ERASURES_FILE = tmp_path / "erasures.csv"
    manager.post(url)
    customer.refresh_from_db()
    assert customer.name == ""
    assert list(read_erasures(settings.ERASURES_FILE)) == [customer.public_id]
    assert stat.S_IMODE(settings.ERASURES_FILE.stat().st_mode) == 0o600


@pytest.mark.django_db(transaction=True)
def test_a_dump_of_something_else_is_refused_in_one_line(tmp_path, empty_database):
    with psycopg.connect(empty_database) as database:
        database.execute("CREATE TABLE config_quarantine (id int)")
    dump = tmp_path / "other.dump"
    assert manage(tmp_path / "data", "dump_database", str(dump), DATABASE_URL=empty_database).returncode == 0
    with psycopg.connect(empty_database) as database:
        database.execute("DROP TABLE config_quarantine")

    restored = manage(tmp_path / "data", "restore_database", str(dump), DATABASE_URL=empty_database)

    assert (restored.returncode, restored.stdout) == (1, "")
    assert restored.stderr == (
        f"CommandError: {dump} is not a dump of Handout, or of one from before its first release, which this one cannot read.\n"
    )


@pytest.mark.django_db(transaction=True)
def test_a_database_with_anything_in_it_is_not_restored_into(tmp_path):
    call_command("dump_database", tmp_path / "handout.dump")

    with pytest.raises(CommandError, match=r"^This database is not empty"):
        call_command("restore_database", tmp_path / "handout.dump")


@pytest.mark.django_db(transaction=True)
def test_a_dump_that_fails_leaves_the_last_one_alone(tmp_path, monkeypatch):
    dump = tmp_path / "handout.dump"
    dump.write_text("the last good one")
    monkeypatch.setitem(connection.settings_dict, "NAME", "no_such_database")

    with pytest.raises(CommandError, match="no_such_database"):
        call_command("dump_database", dump)

    assert dump.read_text() == "the last good one"
    assert [file.name for file in tmp_path.iterdir()] == ["handout.dump"]


SHOW_CODES = """
from campaigns.models import Campaign
for campaign in Campaign.objects.all():
    print(campaign.public_id, campaign.name, campaign.vouchers.count())
"""
