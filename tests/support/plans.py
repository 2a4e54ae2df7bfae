"""Asks the planner for a plan, under conditions that the test sets itself.

What the planner knows of a table outlasts the test that filled it, and autovacuum comes by every five seconds: who asks
without setting either `analyse` or `offer_only_indexes` gets another plan on another day.
"""

from __future__ import annotations

from django.db import connection


def plan(sql: str, parameters=None, *, options: str = "") -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN ({options}) {sql}" if options else f"EXPLAIN {sql}", parameters)
        return "\n".join(line for (line,) in cursor.fetchall())


def analyse(*tables: str) -> None:
    """As autovacuum does, which cannot see into a test's transaction. Name each table of the statement."""
    _execute(f"ANALYZE {', '.join(tables)}")


def forget_statistics(*tables: str) -> None:
    """As a new table that was never analysed. Needs a superuser, which the suite's own server gives it.

    A planner that knows nothing goes by the sizes of the files, so they are written anew, without what other tests left in them.
    """
    _execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in tables:
        _execute(f"CLUSTER {table} USING {table}_pkey")
        _execute(f"DELETE FROM pg_statistic WHERE starelid = '{table}'::regclass")
        _execute(
            f"UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE oid = '{table}'::regclass"
            f" OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = '{table}'::regclass)"
        )


def offer_only_indexes() -> None:
    """Until the test's end no other way is taken where an index gives the rows in their order."""
    for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
        _execute(f"SET LOCAL enable_{way} = off")


def seem_empty(*tables: str) -> None:
    """As autovacuum leaves a table that had no rows when it came by: a join then walks a subquery anew for each row."""
    for table in tables:
        _execute(f"DELETE FROM pg_statistic WHERE starelid = '{table}'::regclass")
        _execute(f"UPDATE pg_class SET reltuples = 0, relpages = 1 WHERE oid = '{table}'::regclass")


def _execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
