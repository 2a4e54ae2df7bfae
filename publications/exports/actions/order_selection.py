"""Orders an export of chosen fields with filters and an order, as the API does. It publishes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from campaigns.codes.mask import mask
from campaigns.models import Campaign
from config.actor import Actor
from config.api.conditions import InvalidCondition, read_filters
from config.imports.kinds import Column
from config.metadata import MetadataRefused, check_metadata
from config.staff.models import ProjectSettings
from publications.exports.actions.order_export import order_export
from publications.exports.fields import EXPORTED, IN_CLEAR, NAMING_CODES, NEWEST_FIRST, OF_KIND
from publications.exports.models import Export, FileLayout
from publications.exports.report import Rows

LARGEST_FILTERS = (
    512 * 1024
)  # bytes: a thousand values (config/api/conditions.py) of the longest codes, and room to spare


class UnknownExport(ValueError):
    """Such things cannot be exported."""

    def __init__(self) -> None:
        super().__init__(f"must be one of {', '.join(EXPORTED)}")


class UnknownFields(ValueError):
    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"Unsupported field used. Allowed fields: {', '.join(allowed)}")


class UnknownOrder(ValueError):
    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"must be one of {', '.join(allowed)}")


class NotOfCampaigns(ValueError):
    """Customers do not belong to a campaign."""

    def __init__(self) -> None:
        super().__init__("is only for vouchers and publications; leave it out")


def order_selection(
    exported_object: str,
    *,
    fields: Sequence[str] = (),
    filters: Mapping[str, Any] | None = None,
    order: str = "",
    campaign: Campaign | None = None,
    by: Actor,
) -> Export:
    """`exported_object` is one of `EXPORTED`; its `fields` in this order (none: the usual ones), those that the
    `filters` find (config/api/conditions.py), perhaps of one campaign.

    Unpublished codes are masked in it, unless the project's settings reveal them at this moment.
    Raises UnknownExport, UnknownFields, UnknownOrder, NotOfCampaigns and InvalidCondition.
    """
    if exported_object not in EXPORTED:
        raise UnknownExport()
    exported = EXPORTED[exported_object]
    if not set(fields) <= set(exported.fields):
        raise UnknownFields(list(exported.fields))
    if order and order not in exported.orders:
        raise UnknownOrder(list(exported.orders))
    if campaign and exported_object == "customer":
        raise NotOfCampaigns()
    filters = _storable(filters)
    read_filters(filters, exported.conditions)
    parameters = {
        "order": order or NEWEST_FIRST,
        "fields": list(dict.fromkeys(fields)) or list(exported.default),
        "filters": {"junction": "and", **filters},
        **({"campaign_id": campaign.public_id} if campaign else {}),
    }
    return order_export(
        exported.kind,
        campaign=campaign,
        by=by,
        parameters=parameters,
        reveals_codes=exported_object in IN_CLEAR and ProjectSettings.current().reveal_unpublished_codes,
        layout=FileLayout(lossless=True),
    )


def _storable(filters: Mapping[str, Any] | None) -> Mapping[str, Any]:
    try:
        return check_metadata(filters, called="All filters together", largest=LARGEST_FILTERS)
    except MetadataRefused as refused:
        raise InvalidCondition("", "", str(refused)) from None


def selected_rows(export: Export) -> Rows:
    """The rows of such an export, and their order."""
    exported, parameters = EXPORTED[OF_KIND[export.kind]], _parameters(export)
    rows = exported.rows.filter(read_filters(parameters["filters"], exported.conditions))
    if export.campaign_id:
        rows = rows.filter(campaign=export.campaign_id)
    orders = {**exported.orders, **(IN_CLEAR[OF_KIND[export.kind]].orders if export.reveals_codes else {})}
    return Rows(rows, orders[parameters["order"]], exported.within)


def selected_columns(export: Export) -> list[Column]:
    name = OF_KIND[export.kind]
    fields = {**EXPORTED[name].fields, **(IN_CLEAR[name].fields if export.reveals_codes else {})}
    return [fields[field] for field in _parameters(export)["fields"]]


def selection_in_words(export: Export) -> list[tuple[str, str]]:
    """[("Fields", "code, value"), ("channel", "$is API"), …] for its page, where codes are masked."""
    parameters = _parameters(export)
    words = [("Fields", ", ".join(parameters["fields"])), ("Order", parameters["order"])]
    for field, value in parameters["filters"].items():
        if isinstance(value, Mapping):
            conditions = value.get("conditions", {}).items()
            said = _masked if field in NAMING_CODES else _said
            words.append((field, "; ".join(f"{op} {said(values)}".strip() for op, values in conditions)))
    return words


def _parameters(export: Export) -> dict[str, Any]:
    if export.parameters is None:
        raise ValueError("This export was not ordered so.")
    return export.parameters


def _said(values: Any) -> str:
    return ", ".join(map(str, values)) if isinstance(values, list) else str(values)


def _masked(values: Any) -> str:
    return ", ".join(mask(str(value)) for value in (values if isinstance(values, list) else [values]))
