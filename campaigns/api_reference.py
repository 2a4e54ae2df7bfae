"""What the API's reference says of the operations of campaigns."""

from __future__ import annotations

from campaigns import api
from campaigns.api_schemas import Campaign, CampaignList, Empty
from config.api_examples import Example
from config.openapi import describe, filters, in_path, in_query, shortcuts

in_path("campaign_id", "A campaign's `camp_…` id or name.", "Autumn coffee")

in_query(
    expand="Nothing is expanded: categories are names.",
    campaign_type="`DISCOUNT_COUPONS`, `GIFT_VOUCHERS` or `REFERRAL_PROGRAM`.",
    campaign_status="`DONE`, `IN_PROGRESS` or `FAILED`: how far the making of the codes is.",
    force="Erase what was never published, rather than hide it.",
    vouchers_count="How many to make; more than one are made in the background.",
    start_date="The first day, such as 2026-03-01.",
    end_date="The last day.",
)

PERCENT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}

describe(
    api.post_campaign,
    "Create a campaign",
    answers=Campaign,
    refuses="duplicate_found invalid_campaign",
    examples=[
        Example("Codes made as they are asked for", {"name": "Tea for two", "type": "AUTO_UPDATE", "voucher": PERCENT}),
        Example(
            "A fixed number of codes",
            {
                "name": "Winter tea",
                "type": "STATIC",
                "vouchers_count": 100,
                "expiration_date": "2036-12-31T23:59:59Z",
                "voucher": {**PERCENT, "code_config": {"pattern": "WINTER-########"}},
            },
        ),
        Example(
            "Gift vouchers of 50.00",
            {
                "name": "Gifts",
                "campaign_type": "GIFT_VOUCHERS",
                "vouchers_count": 10,
                "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 5000}},
            },
        ),
    ],
)
describe(
    api.list_campaigns,
    "List campaigns",
    answers=CampaignList,
    orders=api.ORDERS,
    parameters=[filters(api.FILTERS), *shortcuts(api.FILTERS, api.CampaignsQuery)],
    examples=[Example("Campaigns of discounts", query={"campaign_type": "DISCOUNT_COUPONS", "limit": 20})],
)
describe(api.get_campaign, "Get a campaign", answers=Campaign)
describe(
    api.put_campaign,
    "Change a campaign",
    answers=Campaign,
    refuses="invalid_campaign",
    examples=[Example("End it earlier", {"expiration_date": "2036-11-30T23:59:59Z"})],
)
describe(api.enable_campaign, "Enable a campaign", answers=Empty)
describe(api.disable_campaign, "Disable a campaign", answers=Empty)
