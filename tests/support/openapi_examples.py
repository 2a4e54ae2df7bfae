"""The operations of the OpenAPI document, its examples as calls, and the rows that they speak of."""

from __future__ import annotations

import json
import re
import shlex
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import urlencode

from campaigns.codes.actions.extend_pool import order_codes
from config.api.openapi import document
from config.api_assembly import api
from customers.segments.actions.create_segment import create_static_segment
from publications.exports.actions.order_selection import order_selection
from publications.redemptions.actions.redeem import redeem
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published
from tests.support.settling import handed_out

DOCUMENT = document(api)


class Operation(NamedTuple):
    name: str
    method: str
    path: str  # with its parameters in braces
    said: dict[str, Any]

    @property
    def body(self) -> str:
        """The type of its body; "" where it takes none."""
        return next(iter(self.said.get("requestBody", {}).get("content", {})), "")

    @property
    def takes_array(self) -> bool:
        return bool(self.body) and self.said["requestBody"]["content"][self.body]["schema"].get("type") == "array"

    @property
    def is_list(self) -> bool:
        return any(parameter["name"] == "limit" for parameter in self.said["parameters"])

    def address(self, **query: Any) -> str:
        """That of its example, below /v1/."""
        given = {p["name"]: p["example"] for p in self.said["parameters"] if p["in"] == "path"}
        path = re.sub(r"{(\w+)}", lambda match: given[match[1]].replace(" ", "%20"), self.path.removeprefix("/v1/"))
        return f"{path}?{urlencode(query)}" if query else path


OPERATIONS = {
    said["operationId"]: Operation(said["operationId"], method.upper(), path, said)
    for path, operations in DOCUMENT["paths"].items()
    for method, said in operations.items()
}


class Call(NamedTuple):
    method: str
    address: str
    body: str
    file: str


def call_of(source: str) -> Call:
    """An example of curl, read as a shell reads it."""
    words = shlex.split(source.replace("\\\n", ""))
    options = dict(pairwise(words))
    (address,) = (word for word in words if word.startswith("{server}"))
    return Call(
        options.get("-X", "GET"),
        address.removeprefix("{server}").replace("\\$", "$"),
        options.get("-d", ""),
        options.get("-F", "").removeprefix("file=@"),
    )


def with_real_ids(source: str, shop: dict[str, str]) -> str:
    return re.sub(r"\b(pub|r|export|aa|seg)_[0-9A-Za-z]{16}\b", lambda match: shop[match[1]], source)


def a_shop() -> dict[str, str]:
    """Makes what the examples speak of: {the prefix of an id in them: the id of a row}."""
    campaign = CampaignFactory(name="Autumn coffee", auto_update=True)
    held, _ = (VoucherFactory(campaign=campaign, code=code) for code in ("AUTUMN-7GK2", "AUTUMN-M4XP"))
    published(held, CustomerFactory(source_id="12344"))
    printed = CampaignFactory(name="Printed cards")
    for n in (1, 2):
        VoucherFactory(campaign=printed, code=f"PRINT-000{n}")
    used = VoucherFactory(campaign=campaign, code="AUTUMN-USED")
    worth = {"discount_type": None, "discount_value": None, "gift_amount": 50}
    VoucherFactory(campaign=None, code="CARD-1", type="GIFT_VOUCHER", **worth)
    rows = {
        "pub": handed_out(printed).publication,
        "r": redeem(used, customer={"source_id": "12344"}, by=STAFF),
        "export": order_selection("customer", by=STAFF),
        "aa": order_codes(campaign, count=2, by=STAFF),
        "seg": create_static_segment("VIP", ["12344"], by=STAFF),
    }
    return {prefix: row.public_id for prefix, row in rows.items()}


def first_body(operation: Operation) -> Any:
    """That of its first example, {} where they have none."""
    examples = operation.said["requestBody"]["content"][operation.body].get("examples", {})
    return json.loads(json.dumps(next((example["value"] for example in examples.values()), {})))
