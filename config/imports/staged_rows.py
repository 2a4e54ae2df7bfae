"""The temporary tables of an import: `staged`, the good rows on their way, and `seen`, the keys of those before them.

They let the database find a key that the file repeats, however long the file is, with flat memory here. No statistics
are kept of temporary tables, so the statements are such that the planner has nothing to guess.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.backends.utils import CursorWrapper

DROP = "DROP TABLE IF EXISTS pg_temp.staged, pg_temp.seen"


def create_tables(cursor: CursorWrapper, columns: str) -> None:
    """`columns` of `staged` besides its row and key, as SQL. What an earlier run left in this session is dropped."""
    cursor.execute(DROP)
    cursor.execute(f"CREATE TEMPORARY TABLE staged (row bigint PRIMARY KEY, key text, {columns})")
    cursor.execute("CREATE TEMPORARY TABLE seen (key text PRIMARY KEY, row bigint NOT NULL)")


def drop_tables(cursor: CursorWrapper) -> None:
    cursor.execute(DROP)


def stage(cursor: CursorWrapper, rows: Sequence[tuple], *, after: int, afresh: bool) -> list[tuple[int, int, str]]:
    """Adds rows, each (row, key, values…), all below row `after`; `afresh` clears the table of earlier ones first.

    A row whose key is known is not added: returned are those (row, row that has the key already, key).
    """
    if afresh:
        cursor.execute("TRUNCATE pg_temp.staged")
    with cursor.copy("COPY pg_temp.staged FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    cursor.execute(
        "INSERT INTO pg_temp.seen SELECT key, row FROM pg_temp.staged WHERE row > %s AND key IS NOT NULL ORDER BY row"
        " ON CONFLICT DO NOTHING",
        [after],
    )
    if cursor.rowcount == sum(row[1] is not None for row in rows):
        return []
    cursor.execute(
        "DELETE FROM pg_temp.staged USING pg_temp.seen WHERE staged.row > %s AND seen.key = staged.key"
        " AND seen.row <> staged.row RETURNING staged.row, seen.row, seen.key",
        [after],
    )
    return sorted(cursor.fetchall())


def rows_of_keys(cursor: CursorWrapper, keys: Sequence[str]) -> dict[str, int]:
    """{key: the first row that has it} of those that are known."""
    cursor.execute("SELECT key, row FROM pg_temp.seen WHERE key = ANY(%s)", [list(keys)])
    return dict(cursor.fetchall())
