"""Files of systems that many come from, known by headings that no other has: what each of their columns is here.

Only where a heading would not say it by itself ("Name" is the code in Shopify's file of discounts). Sources: the systems'
own documentation of their exports, and files of these forms in public repositories (November 2026).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from config.imports.csv.columns import Field, plain


class KnownFile(NamedTuple):
    name: str  # as a sentence says it: "a Shopify export of discount codes"
    marks: tuple[str, ...]  # headings that all stand in it
    columns: Mapping[str, str]  # heading: name of a field, or "" for what is not imported


KNOWN = (
    KnownFile(
        "a Shopify export of discount codes",
        ("Name", "Value Type", "Times Used In Total"),
        {
            "Name": "code",
            "Value": "discount_value",
            "Value Type": "discount_type",
            "Type": "",
            "Discount Class": "",
            "Combines with Order Discounts": "",
            "Combines with Product Discounts": "",
            "Combines with Shipping Discounts": "",
            "Times Used In Total": "redeemed_quantity",
            "Usage Limit Per Code": "redemption_limit",
            "Status": "active",
            "Start": "start_date",
            "End": "expiration_date",
        },
    ),
    KnownFile(
        "a Shopify export of customers",
        ("Customer ID", "Accepts Email Marketing"),
        {"Accepts SMS Marketing": "", "Total Spent": "", "Total Orders": "", "Tax Exempt": "", "Note": "description"},
    ),
    KnownFile(
        "a Mailchimp export",
        ("Email Address", "LEID", "EUID"),
        {
            **dict.fromkeys(("OPTIN_TIME", "OPTIN_IP", "CONFIRM_TIME", "CONFIRM_IP", "LATITUDE", "LONGITUDE"), ""),
            **dict.fromkeys(("GMTOFF", "DSTOFF", "TIMEZONE", "CC", "REGION", "LAST_CHANGED", "LEID", "EUID"), ""),
            "NOTES": "description",
            "UNSUB_TIME": "unsubscribed_at",
        },
    ),
    KnownFile(
        "a Klaviyo export",
        ("Klaviyo ID", "Email"),
        {
            "Profile Created On": "",
            "Date Added": "",
            "Last Open": "",
            "Last Click": "",
            "Initial Source": "",
            "Initial Referring Domain": "",
            "SMS Marketing Consent": "",
        },
    ),
)


def known_columns(headings: Sequence[str], fields: Sequence[Field]) -> dict[int, str]:
    """{place of a column: name of a field, or ""}, where the file is known and its columns are of these fields."""
    known = known_file(headings, fields)
    columns = {plain(heading): name for heading, name in known.columns.items()} if known else {}
    return {place: columns[plain(heading)] for place, heading in enumerate(headings) if plain(heading) in columns}


def known_file(headings: Sequence[str], fields: Sequence[Field]) -> KnownFile | None:
    here, names = {plain(heading) for heading in headings}, {field.name for field in fields} | {""}
    return next(
        (
            known
            for known in KNOWN
            if here.issuperset(map(plain, known.marks)) and names.issuperset(known.columns.values())
        ),
        None,
    )
