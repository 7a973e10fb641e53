import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest
from sqlalchemy import create_engine, inspect

from eqpp_dash.database import APPLICATION_ID, SCHEMA_VERSION, Database, connection, schema
from eqpp_dash.errors import ArchiveError


@pytest.fixture
def database(tmp_path):
    made = Database(tmp_path / "data" / "archive.db", busy_timeout_s=0.2)
    made.prepare()
    return made


def insert_link(connection, name):
    connection.execute(schema.links.insert().values(id=name, state="s", created=1.0))


def links(database):
    with database.read() as connection:
        return set(connection.execute(schema.links.select()).scalars())


def describe(path):
    """Tables, columns, keys, checks and indexes of a file, without their order."""
    engine = create_engine(f"sqlite:///{path}")
    look = inspect(engine)
    found = {}
    for table in look.get_table_names():
        found[table] = {
            "columns": [
                (c["name"], str(c["type"]), c["nullable"], c["primary_key"])
                for c in look.get_columns(table)
            ],
            "primary": look.get_pk_constraint(table),
            "foreign": look.get_foreign_keys(table),
            "unique": look.get_unique_constraints(table),
            "checks": sorted((c["name"], c["sqltext"]) for c in look.get_check_constraints(table)),
            "indexes": sorted(
                (i["name"], i["column_names"], i["unique"], where(i))
                for i in look.get_indexes(table)
            ),
        }
    engine.dispose()
    with sqlite3.connect(path) as raw:
        found["autoincrement"] = sorted(
            row[0]
            for row in raw.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINC%'")
        )
        found["versions"] = [
            raw.execute("PRAGMA user_version").fetchone(),
            raw.execute("SELECT version_num FROM alembic_version").fetchall(),
        ]
    return found


def where(index):
    return str(index.get("dialect_options", {}).get("sqlite_where", ""))


def test_a_new_archive_is_private_durable_and_ours(database):
    assert stat.S_IMODE(os.stat(database.path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(database.path.parent).st_mode) == 0o700
    with database.write() as connection:
        insert_link(connection, "a")
        for suffix in ("-wal", "-shm"):
            assert stat.S_IMODE(os.stat(f"{database.path}{suffix}").st_mode) == 0o600
        pragma = connection.exec_driver_sql
        assert pragma("PRAGMA journal_mode").scalar_one() == "wal"
        assert pragma("PRAGMA synchronous").scalar_one() == 2  # FULL
        assert pragma("PRAGMA foreign_keys").scalar_one() == 1
        assert pragma("PRAGMA application_id").scalar_one() == APPLICATION_ID
        assert pragma("PRAGMA user_version").scalar_one() == SCHEMA_VERSION
    assert database.check_integrity() == []


def test_migrations_give_the_same_schema_as_a_fresh_archive(database, tmp_path):
    from eqpp_dash.database.migrate import upgrade

    migrated = Database(tmp_path / "migrated.db")
    migrated._make_file()
    with migrated._transaction(write=True, check=False) as connection:
        upgrade(connection)
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    migrated.prepare()
    assert describe(migrated.path) == describe(database.path)


def test_a_fresh_archive_needs_no_alembic(tmp_path):
    code = (
        "import sys, pathlib; from eqpp_dash.database import Database;"
        "Database(pathlib.Path(sys.argv[1])).prepare(); print('alembic' in sys.modules)"
    )
    command = [sys.executable, "-P", "-c", code, str(tmp_path / "a.db")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_many_may_prepare_the_same_file_at_once(tmp_path):
    path = tmp_path / "archive.db"
    failures = []

    def prepare():
        try:
            Database(path).prepare()
        except ArchiveError as error:
            failures.append(error)

    threads = [threading.Thread(target=prepare) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert links(Database(path)) == set()


def test_a_transaction_is_kept_whole_or_not_at_all(database):

    def half():
        with database.write() as connection:
            insert_link(connection, "a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert links(database) == set()
    with database.write() as connection:
        insert_link(connection, "b")
    assert links(database) == {"b"}


def test_no_connection_outlives_its_block(database):
    with database.read():
        assert open_files(database.path)
    with database.write() as connection:
        insert_link(connection, "a")
    assert not open_files(database.path)


def open_files(path):
    names = [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
    return [name for name in names if name.startswith(str(path))]


def test_an_archive_of_a_later_version_is_refused_and_left_as_it_was(database):
    with sqlite3.connect(database.path) as raw:
        raw.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        raw.execute("CREATE TABLE later (x)")
    raw.close()
    before = database.path.read_bytes()
    with pytest.raises(ArchiveError, match="later version"):
        Database(database.path).prepare()
    with pytest.raises(ArchiveError, match="later version"), database.write() as connection:
        insert_link(connection, "a")  # also by a process that has it open already
    with pytest.raises(ArchiveError, match="later version"):
        links(database)
    assert database.path.read_bytes() == before


def test_another_programs_database_is_refused(tmp_path):
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE theirs (x)")
    raw.close()
    before = path.read_bytes()
    with pytest.raises(ArchiveError, match="another program"):
        Database(path).prepare()
    assert path.read_bytes() == before


def test_what_is_no_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "archive.db"
    path.write_bytes(b"this is a letter, not a database " * 100)
    with pytest.raises(ArchiveError, match="not a database") as caught:
        Database(path).prepare()
    assert "backup" in caught.value.hint
    assert path.read_bytes().startswith(b"this is a letter")


def test_a_damaged_file_says_so(database):
    with database.write() as connection:
        for number in range(2000):
            insert_link(connection, f"link{number}")
    data = bytearray(database.path.read_bytes())
    data[4096:-4096] = os.urandom(len(data) - 8192)
    database.path.write_bytes(data)
    with pytest.raises(ArchiveError, match=r"damaged|database"):
        links(database)


def test_a_locked_file_says_so(database):
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ArchiveError, match="locked") as caught, database.write() as connection:
        insert_link(connection, "a")
    assert "try again" in caught.value.hint
    other.execute("ROLLBACK")
    other.close()
    with database.write() as connection:
        insert_link(connection, "a")


def test_readers_go_on_while_somebody_writes(database):
    with database.write() as connection:
        insert_link(connection, "a")
        assert links(database) == set()
    assert links(database) == {"a"}


def test_a_full_disk_says_so(database):

    def fill():
        with database.write() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            for number in range(1000):
                insert_link(connection, "x" * 1000 + str(number))

    with pytest.raises(ArchiveError, match="disk is full") as caught:
        fill()
    assert "space" in caught.value.hint
    assert database.check_integrity() == []
    assert links(database) == set()


def test_a_file_that_may_not_be_written_says_so(database, monkeypatch):
    # Permissions do not bind root, so the file is opened as one that may only be read.
    opened = sqlite3.connect

    def read_only(name, **options):
        return opened(name.replace("mode=rw", "mode=ro"), **options)

    monkeypatch.setattr(connection.sqlite3, "connect", read_only)
    with pytest.raises(ArchiveError, match="read-only") as caught, database.write() as held:
        insert_link(held, "a")
    assert "--data-dir" in caught.value.hint


def test_an_archive_that_was_removed_in_use_is_an_error_not_a_new_empty_one(database):
    shutil.rmtree(database.path.parent)
    with pytest.raises(ArchiveError, match="cannot be opened"):
        links(database)
    database.path.parent.mkdir()
    database.path.touch()
    with pytest.raises(ArchiveError, match="removed"):
        links(database)


def test_a_folder_in_the_place_of_the_file_says_so(tmp_path):
    (tmp_path / "archive.db").mkdir()
    with pytest.raises(ArchiveError, match="not a file"):
        Database(tmp_path / "archive.db").prepare()


def test_a_file_in_the_place_of_the_folder_says_so(tmp_path):
    (tmp_path / "data").touch()
    with pytest.raises(ArchiveError, match="cannot be opened"):
        Database(tmp_path / "data" / "archive.db").prepare()


def test_a_path_may_hold_any_character(tmp_path):
    odd = Database(tmp_path / "a b#c?d%20é" / "archive.db")
    odd.prepare()
    with odd.write() as connection:
        insert_link(connection, "a")
    assert [p.name for p in tmp_path.iterdir()] == ["a b#c?d%20é"]
