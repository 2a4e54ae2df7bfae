"""SQL about a voucher `v` with its campaign `c`, as a queryset expression, so that each condition is written once."""

from __future__ import annotations

import re
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Field, Func
from django.db.models.sql.compiler import SQLCompiler

NAME = re.compile(r"\b([vc])\.([a-z_]+)\b")


class OfVoucher(Func):
    """`prefix` is the path from the row to the voucher: "" or "voucher__". The SQL is our own and takes no parameters."""

    def __init__(self, sql: str, *, output_field: Field, prefix: str = "") -> None:
        self.sql = sql
        self.names = sorted(set(NAME.findall(sql)))
        ways = {"v": prefix, "c": f"{prefix}campaign__"}
        super().__init__(*(F(ways[table] + column) for table, column in self.names), output_field=output_field)

    def as_sql(
        self,
        compiler: SQLCompiler,
        connection: BaseDatabaseWrapper,
        function: str | None = None,
        template: str | None = None,
        arg_joiner: str | None = None,
        **context: Any,
    ) -> tuple[str, tuple[str | int, ...]]:
        columns = (compiler.compile(expression)[0] for expression in self.source_expressions)
        named = dict(zip(self.names, columns, strict=True))
        return f"({NAME.sub(lambda found: named[found[1], found[2]], self.sql)})", ()
