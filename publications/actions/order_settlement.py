"""Orders the settlement of a hand-out that nobody looks at before it runs, as the API does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from procrastinate.contrib.django import app

from config.actor import Actor
from config.imports.order_import import order_import_of_rows
from publications.actions.settle_hand_out import SETTLEMENT_FIELDS
from publications.models import Publication, PublicationImport


def order_settlement(
    hand_out: Publication, rows: Iterable[Mapping[str, Any]], *, back_to_pool: bool = False, by: Actor
) -> PublicationImport:
    """Of rows {name of a field of SETTLEMENT_FIELDS: value}. Raises NothingToImport."""
    return order_import_of_rows(
        PublicationImport,
        rows,
        by=by,
        fields=SETTLEMENT_FIELDS,
        defer=_defer,
        hand_out=hand_out,
        back_to_pool=back_to_pool,
    )


def _defer(import_id: int) -> None:
    app.configure_task("publications.run_publication_import").defer(import_id=import_id)
