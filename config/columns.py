"""A model's columns in SQL by hand, for the few paths on which the ORM's compiling takes longer than the query."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model

M = TypeVar("M", bound=Model)


class Columns(Generic[M]):
    """`f"SELECT {Columns(User, 'u')} FROM auth_user u WHERE …"`, and objects from its rows.

    What is selected is exactly what the model knows: the ORM's own query of the same row gives an equal object.
    """

    def __init__(self, model: type[M], alias: str) -> None:
        self.model, self.alias = model, alias

    def __str__(self) -> str:
        return ", ".join(f"{self.alias}.{field.column}" for field in self.model._meta.concrete_fields)

    def __len__(self) -> int:
        return len(self._names)

    @cached_property
    def _names(self) -> list[str]:
        return [field.attname for field in self.model._meta.concrete_fields]

    @cached_property
    def _readers(self) -> list[tuple[int, Any]]:
        fields = enumerate(self.model._meta.concrete_fields)
        return [(at, field.from_db_value) for at, field in fields if hasattr(field, "from_db_value")]

    def instance(self, row: Sequence[Any]) -> M:
        """The object of a row of these columns."""
        values = list(row)
        for at, read in self._readers:
            values[at] = read(values[at], None, connection)
        return self.model.from_db("default", self._names, values)

    def all(self, query: str, parameters: Sequence[Any]) -> list[M]:
        """The objects of the rows that a query for these columns finds."""
        with connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return [self.instance(row) for row in cursor.fetchall()]

    def first(self, query: str, parameters: Sequence[Any]) -> M | None:
        """The object of the first row that a query for these columns finds."""
        with connection.cursor() as cursor:
            cursor.execute(query, parameters)
            row = cursor.fetchone()
        return None if row is None else self.instance(row)
