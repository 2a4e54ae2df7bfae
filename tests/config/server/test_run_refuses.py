"""What `manage.py run` cannot do it says in one line, before it has changed anything."""

import os
import socket

import psycopg
import pytest

from config.environment import Environment
from config.server.data_folder import hold
from tests.support.running_handout import RunningHandout, manage, processes_of


def test_port_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = manage(tmp_path, "run", PORT=str(port))

    assert run.returncode == 1
    assert run.stderr == f"Port {port} is in use by another program. Choose another: make run PORT={port + 1}\n"
    assert not (tmp_path / "postgres").exists()


NO_POSTGRES = "DATABASE_URL is not a PostgreSQL address: write postgres://user:password@host:5432/name"
NO_MAIL = "EMAIL_URL is not a mail server address: write smtp+tls://user:password@host:587"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "http", "PORT=http: must be a whole number from 1 to 65535."),
        ("PORT", "99999", "PORT=99999: must be a whole number from 1 to 65535."),
        ("WORKERS", "0", "WORKERS=0: must be a whole number from 1 to 128."),
        ("DATABASE_URL", "foo", NO_POSTGRES),
        ("DATABASE_URL", "mysql://ada:secret@localhost/handout", NO_POSTGRES),
        ("DATABASE_URL", "postgres://ada:secret@localhost:port/handout", NO_POSTGRES),
        ("DATABASE_URL", "postgres://ada:secret@localhost", NO_POSTGRES),
        ("DATABASE_URL", "postgres://ada:secret@db1:5432,db2:5432", NO_POSTGRES),
        ("DATABASE_URL", "postgres://ada:secret@db1:5432,/handout", NO_POSTGRES),
        ("EMAIL_URL", "nonsense", NO_MAIL),
        ("EMAIL_URL", "smtp://ada:secret@:25", NO_MAIL),
        ("UPLOAD_MAX_BYTES", "1GB", "UPLOAD_MAX_BYTES=1GB: must be a whole number of 0 or more."),
        ("DATABASE_POOL_SIZE", "-1", "DATABASE_POOL_SIZE=-1: must be a whole number of 1 or more."),
        ("HTTPS", "treu", "HTTPS=treu: must be 1 or 0."),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL=LOUD: must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL."),
        (
            "SITE_URL",
            "handout.example.com",
            "SITE_URL=handout.example.com: write https://handout.example.com",
        ),
    ],
)
def test_a_setting_that_makes_no_sense(tmp_path, name, value, said):
    run = manage(tmp_path, "run", **{"PORT": _free_port(), name: value})

    assert (run.returncode, run.stderr) == (1, f"{said}\n")
    assert not (tmp_path / "postgres").exists()


def test_settings_that_are_set_to_nothing_are_not_set(monkeypatch):
    monkeypatch.setenv("EMPTY", "")
    env = Environment()

    assert (env.int("EMPTY", default=7), env.bool("EMPTY", default=True), env.sites("EMPTY")) == (7, True, [])


def test_an_address_of_several_servers_wants_the_primary(monkeypatch):
    monkeypatch.setenv("URL", "postgres://ada:p%40ss@db1:5432,db2:5433/handout?connect_timeout=2")

    assert Environment().db("URL") == {
        "NAME": "handout",
        "USER": "ada",
        "PASSWORD": "p@ss",
        "HOST": "db1,db2",
        "PORT": "5432,5433",
        "OPTIONS": {"target_session_attrs": "read-write", "connect_timeout": "2"},
    }


@pytest.mark.parametrize(
    ("folder", "because"), [("/proc/handout", "No such file or directory"), ("/etc/passwd", "it is a file")]
)
def test_a_data_folder_that_cannot_be_used(folder, because):
    run = manage(folder, "run")

    assert run.returncode == 1
    assert run.stderr == (
        f"The data folder {folder} cannot be used ({because}). Choose another: HANDOUT_DATA=/another/folder\n"
    )


def test_data_folder_in_use(tmp_path):
    with hold(tmp_path):
        run = manage(tmp_path, "run")

    assert run.returncode == 1
    assert run.stderr == (
        f"The data folder {tmp_path} is in use by another Handout (process {os.getpid()}). "
        "Stop it, or choose another folder:  HANDOUT_DATA=/another/folder.\n"
    )


def test_data_of_another_major_version_of_postgres(tmp_path):
    cluster = tmp_path / "postgres"
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("16\n")

    run = manage(tmp_path, "run", PORT=_free_port())

    assert run.returncode == 1
    assert run.stderr == (
        f"{cluster} was created by PostgreSQL 16, but this Handout uses 18: dump it with the one that "
        "created it, move the folder away, start, and restore (docs/operations.md: Another PostgreSQL).\n"
    )


def test_data_of_a_newer_handout(tmp_path, empty_database):
    with psycopg.connect(empty_database) as newer:
        newer.execute("CREATE TABLE django_migrations (id serial, app text, name text, applied timestamptz)")
        newer.execute("INSERT INTO django_migrations (app, name) VALUES ('publications', '9999_from_the_future')")

    run = manage(tmp_path, "run", PORT=_free_port(), DATABASE_URL=empty_database)

    assert run.returncode == 1
    assert run.stderr == (
        "This data comes from a newer Handout (its database has publications.9999_from_the_future): "
        "start that version, or restore a backup made by this one (docs/operations.md, Upgrading).\n"
    )


def test_data_from_before_the_first_release(tmp_path, empty_database):
    with psycopg.connect(empty_database) as before:
        before.execute("CREATE TABLE django_migrations (id serial, app text, name text, applied timestamptz)")
        before.execute("INSERT INTO django_migrations (app, name) VALUES ('config', '0001_initial')")

    run = manage(tmp_path, "run", PORT=_free_port(), DATABASE_URL=empty_database)

    assert run.returncode == 1
    assert run.stderr == (
        "This data comes from Handout before its first release and cannot be read: "
        "start with an empty HANDOUT_DATA or DATABASE_URL.\n"
    )


def test_database_that_does_not_answer(tmp_path):
    run = manage(tmp_path, "run", PORT=_free_port(), DATABASE_URL=f"postgres://nobody@127.0.0.1:{_free_port()}/none")

    assert run.returncode == 1
    assert run.stderr.startswith("The database is not responding: ")
    assert run.stderr.endswith("(Check DATABASE_URL.)\n")
    assert run.stderr.count("\n") == 1


def test_a_database_url_is_used_in_place_of_a_server_of_its_own(tmp_path, migrated_database):
    with RunningHandout(tmp_path / "data", DATABASE_URL=migrated_database) as handout:
        commands = processes_of(tmp_path / "data").values()

        assert handout.get("/readyz")[0] == 200
        assert not any("postgres -D" in command for command in commands)
        assert not (tmp_path / "data" / "postgres").exists()


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])
