"""What the API's reference says of the operations that make, change, import and show vouchers, and delete customers."""

from __future__ import annotations

from campaigns.api_schemas import CampaignSummary, Voucher, VoucherList
from config.api.examples import Example
from config.api.lists import filters, moments, shortcuts, values
from config.api.openapi import describe, in_path, in_query
from config.api.started import Started
from customers.api import changes as customer_changes
from customers.api.schemas import Customer
from publications.answers.schemas import PublicationList
from publications.api import code_imports, publications, voucher_changes, vouchers
from publications.dashboard.api import campaign_codes, customers
from publications.queries.conditions import VOUCHERS

in_path("campaign_id", "A campaign's `camp_…` id or name.", "Autumn coffee")
in_path("code", "A voucher's code or `v_…` id.", "AUTUMN-7GK2")

in_query(
    vouchers_count="How many to make; more than one are made in the background.",
    start_date="The first day, such as 2026-03-01.",
    end_date="The last day.",
    force="Erase what was never published, rather than hide it.",
)

PERCENT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}

# ---- vouchers

describe(
    vouchers.list_vouchers,
    "List vouchers",
    answers=VoucherList,
    orders=vouchers.ORDERS,
    parameters=[
        values("ids", "Ids of vouchers (`v_…`)."),
        *moments("created_at", "updated_at"),
        filters(VOUCHERS),
        *shortcuts(VOUCHERS, vouchers.VouchersQuery),
    ],
    examples=[Example("The codes that a customer holds", query={"customer": "12344"})],
)
describe(vouchers.get_voucher, "Get a voucher", answers=Voucher)
describe(
    vouchers.list_publications_of_voucher,
    "List the publications of a voucher",
    answers=PublicationList,
    orders=publications.ORDERS,
)
describe(
    voucher_changes.post_voucher,
    "Create a voucher",
    answers=Voucher,
    refuses="duplicate_found not_found invalid_campaign",
    examples=[
        Example("At random, by a pattern", {**PERCENT, "code_config": {"pattern": "SORRY-######"}}),
        Example("A gift voucher of 50.00", {"type": "GIFT_VOUCHER", "gift": {"amount": 5000}, "code": "GIFT-50"}),
    ],
)
describe(
    voucher_changes.post_voucher_with_code,
    "Create a voucher with a code",
    answers=Voucher,
    refuses="duplicate_found not_found invalid_campaign",
    examples=[Example("Ten percent off", PERCENT, path={"code": "SORRY-2036"})],
)
describe(
    voucher_changes.put_voucher,
    "Change a voucher",
    answers=Voucher,
    refuses="invalid_voucher",
    examples=[Example("Make it last longer", {"expiration_date": "2036-12-31T23:59:59Z"})],
)
describe(voucher_changes.remove_voucher, "Delete a voucher", answers={204: None})
describe(voucher_changes.enable_voucher, "Enable a voucher", answers=Voucher)
describe(voucher_changes.disable_voucher, "Disable a voucher", answers=Voucher)

# ---- imports, and the vouchers of a campaign

TWO = [{"code": "TEA-1", "metadata": {"batch": 7}}, {"code": "TEA-2", "active": False}]
describe(
    code_imports.import_vouchers,
    "Import vouchers",
    answers={202: Started},
    refuses="invalid_voucher duplicate_key",
    examples=[Example("Two vouchers", [{"code": "TEN-1", **PERCENT}, {"code": "TEN-2", **PERCENT}])],
)
describe(
    code_imports.import_into_campaign,
    "Import vouchers into a campaign",
    answers={202: Started},
    refuses="invalid_voucher invalid_campaign duplicate_key duplicate_found",
    examples=[Example("Two vouchers", TWO)],
)
describe(
    code_imports.import_vouchers_from_file,
    "Import vouchers from a CSV file",
    answers={202: Started},
    examples=[Example("A file of codes", file="standalone-codes.csv")],
)
describe(
    code_imports.import_into_campaign_from_file,
    "Import vouchers into a campaign from a CSV file",
    answers={202: Started},
    refuses="invalid_campaign",
    examples=[Example("A file of codes", file="codes-for-a-campaign.csv")],
)
describe(
    campaign_codes.add_vouchers,
    "Add vouchers to a campaign",
    answers={200: Voucher, 202: Started},
    refuses="duplicate_found invalid_campaign",
    examples=[
        Example("One at once", {}),
        Example("A hundred in the background", {"metadata": {"batch": 7}}, query={"vouchers_count": 100}),
    ],
)
describe(
    campaign_codes.add_voucher_with_code,
    "Add a voucher with a code to a campaign",
    answers=Voucher,
    refuses="duplicate_found invalid_campaign",
    examples=[Example("A code of one's own", {"metadata": {"batch": 7}}, path={"code": "AUTUMN-VIP"})],
)
describe(campaign_codes.get_campaign_summary, "Sum up a campaign", answers=CampaignSummary)

# ---- customers

describe(
    customer_changes.put_customer,
    "Change a customer",
    answers=Customer,
    examples=[Example("A new name", {"name": "Erlich B."})],
)
describe(
    customer_changes.import_customers_from_file,
    "Import customers from a CSV file",
    answers={202: Started},
    examples=[Example("A file of customers", file="customers.csv")],
)
describe(
    customer_changes.put_many_customers,
    "Create or update many customers",
    answers={202: Started},
    examples=[
        Example(
            "Two customers", [{"source_id": "12344", "name": "Erlich"}, {"source_id": "12345", "name": "Jian-Yang"}]
        )
    ],
)
describe(customers.remove_customer, "Delete a customer", answers={204: None})
