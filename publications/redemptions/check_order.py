"""Checks the order that a use of codes, or a rollback, is for. It is kept as sent."""

from __future__ import annotations

from config.metadata import MetadataRefused, check_metadata
from publications.redemptions.refusals import InvalidOrder

LARGEST = 256 * 1024  # bytes: 500 items with some metadata


def check_order(order: dict | None) -> dict | None:
    """As it may be stored; None where there is none, or an empty one. Raises InvalidOrder."""
    try:
        return check_metadata(order, called="An order", largest=LARGEST) or None
    except MetadataRefused as refused:
        raise InvalidOrder(f"order: {refused}") from None
