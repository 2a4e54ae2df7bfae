"""Files of systems that many come from, known by headings that no other has: what each of their columns is here.

Only where a heading would not say it by itself ("Name" is the code in Shopify's file of discounts). Sources: the systems'
own documentation of their exports, and files of these forms in public repositories (November 2026).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from config.imports.csv.columns import METADATA, Field, is_field, plain


class KnownFile(NamedTuple):
    name: str  # as a sentence says it: "a Shopify export of discount codes"
    marks: tuple[str, ...]  # headings that all stand in it
    columns: Mapping[str, str]  # heading: name of a field, or "" for what is not imported
    lacks: str = ""  # what nobody can import from it, as long as its own columns are all there is


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
        "a Shopify export of gift cards",
        ("Last Characters", "Expires On"),
        {"Last Characters": "", "Code": "code"},
        "For safety, Shopify exports only the last four characters of a gift card’s code, so the codes cannot be imported "
        "from this file. Ask whoever issued the cards for a file with the whole codes.",
    ),
    KnownFile(
        "a Mailchimp export",
        ("LEID", "EUID"),
        {
            **dict.fromkeys(("OPTIN_TIME", "OPTIN_IP", "CONFIRM_TIME", "CONFIRM_IP", "LATITUDE", "LONGITUDE"), ""),
            **dict.fromkeys(("GMTOFF", "DSTOFF", "TIMEZONE", "CC", "REGION", "LAST_CHANGED", "LEID", "EUID"), ""),
            **dict.fromkeys(("UNSUB_CAMPAIGN_TITLE", "UNSUB_CAMPAIGN_ID", "UNSUB_REASON", "UNSUB_REASON_OTHER"), ""),
            **dict.fromkeys(("CLEAN_CAMPAIGN_TITLE", "CLEAN_CAMPAIGN_ID"), ""),
            "Birthday": METADATA + "Birthday",  # a day without its year
            "NOTES": "description",
            # Of its three files, one has those who unsubscribed, and one those whose address bounced.
            "UNSUB_TIME": "unsubscribed_at",
            "CLEAN_TIME": "unsubscribed_at",
        },
    ),
    KnownFile(
        "a Klaviyo export",
        ("Klaviyo ID", "Email"),
        {
            **dict.fromkeys(("Profile Created On", "Date Added", "First Active", "Last Active", "Last Open"), ""),
            **dict.fromkeys(("Last Click", "Initial Source", "Initial Referring Domain", "Last Source", "Source"), ""),
            **dict.fromkeys(("IP Address", "Latitude", "Longitude", "Email Marketing Consent Timestamp"), ""),
            **dict.fromkeys(("SMS Marketing Consent", "SMS Marketing Consent Timestamp", "SMS Suppressions"), ""),
            **dict.fromkeys((f"{which} Customer Lifetime Value" for which in ("Historic", "Predicted", "Total")), ""),
            **dict.fromkeys(("Historic Number Of Orders", "Predicted Number Of Orders"), ""),
            **dict.fromkeys(("Average Order Value", "Average Days Between Orders", "Churn Risk Prediction"), ""),
            **dict.fromkeys(("Expected Date Of Next Order", "Last Event Date"), ""),
            "Email Suppressions": "unsubscribed_at",  # a reason: unsubscribed, bounced, marked as spam
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
            if here.issuperset(map(plain, known.marks))
            and names.issuperset(name for name in known.columns.values() if is_field(name))
        ),
        None,
    )
