"""`dump_database` and `restore_database`, as real commands: what backups and a change of PostgreSQL's version rest on."""

import stat

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.factories import CampaignFactory
from tests.running_handout import manage


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
