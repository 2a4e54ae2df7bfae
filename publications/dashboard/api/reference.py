"""What the API's reference says of the operations of publications, redemptions and async actions."""

from __future__ import annotations

from campaigns.api_schemas import Voucher
from config.api import metadata_schemas as api_metadata_schemas
from config.api.auth import Key
from config.api.examples import Example
from config.api.lists import filters, moments, shortcuts, values
from config.api.openapi import describe, in_path, in_query
from config.api.schemas import MetadataSchemas
from publications.answers.schemas import (
    AsyncActionList,
    Export,
    ExportList,
    FinishedAction,
    Publication,
    PublicationList,
    PublicationMade,
    Redemption,
    RedemptionList,
    RedemptionsMade,
    RedemptionsOfVoucher,
    RollbacksMade,
)
from publications.api import old_publish, publications
from publications.dashboard.api import async_actions
from publications.exports.api import exports
from publications.queries.conditions import PUBLICATIONS
from publications.redemptions.api import redemptions

in_path("publication_id", "A publication's id.", "pub_J8LmWq0ZtK2nB4xE")
in_path("redemption_id", "The id of a redemption or a rollback.", "r_Yq3TzN8kGm5LwX1c")
in_path("action_id", "The `async_action_id` that a call was answered with.", "aa_N6QsVx0Jd3YhLm9p")

in_query(
    limit="Rows a page.",
    page="Its number.",
    order="A minus turns the order round.",
    starting_after="The id of the last row of the page before; goes with orders by `created_at` and `id`.",
    campaign="A campaign’s name or id.",
    campaign_id="A campaign’s id.",
    customer="A customer’s source_id or id.",
    voucher="A voucher’s code or id.",
    code="A code, exactly.",
    result="`SUCCESS` or `FAILURE`.",
    voucher_type="`DISCOUNT_VOUCHER` or `GIFT_VOUCHER`.",
    is_referral_code="Only those of referral programs, or only the others.",
    source_id="The caller’s own id of the publication.",
    category="A category, exactly.",
    join_once="A customer who has a code of the campaign is given the same one again.",
    tracking_id="The customer’s source_id, where the body names no customer.",
    reason="Why it is rolled back.",
)

ALL = Key(pk=0, name="", scope="all", for_integrations=True, token_hash=b"", used_lately=True)  # sees every filter
OF_REDEMPTIONS = redemptions.filters_for(ALL)
ERLICH = {"source_id": "12344", "email": "erlich@example.com", "name": "Erlich Bachman"}
PUBLISHING = """missing_vouchers missing_customer not_found voucher_already_published voucher_cannot_be_published
    duplicate_source_id too_many_vouchers_requested no_voucher_suitable_for_publication"""

# ---- publications

describe(
    publications.create_publication,
    "Publish",
    answers=PublicationMade,
    refuses=PUBLISHING,
    examples=[
        Example("The next code of a campaign", {"campaign": "Autumn coffee", "customer": ERLICH}),
        Example(
            "Two codes at once, with a channel",
            {
                "campaign": {"name": "Autumn coffee", "count": 2},
                "customer": ERLICH,
                "channel": "newsletter_October",
                "metadata": {"provider": "Shop Admin"},
            },
        ),
        Example("A named code", {"voucher": "AUTUMN-M4XP", "customer": "12344"}),
        Example("Safe to repeat", {"campaign": "Autumn coffee", "customer": "12344", "source_id": "order-1001"}),
    ],
)
describe(
    old_publish.publish_voucher,
    "Publish (old)",
    answers=Voucher | PublicationMade,
    refuses=PUBLISHING,
    examples=[Example("The next code of a campaign", {"campaign": "Autumn coffee", "customer": ERLICH})],
)
describe(
    publications.create_publication_by_get,
    "Publish by GET",
    answers=PublicationMade,
    refuses=f"{PUBLISHING} integration_api_key_required",
    parameters=[
        {
            "name": "customer",
            "in": "query",
            "required": True,
            "description": "An id or source_id, or fields: `customer[source_id]`, `customer[address][city]`, …",
            "style": "deepObject",
            "explode": True,
            "schema": {"type": "object", "properties": {"source_id": {"type": "string"}, "email": {"type": "string"}}},
        },
        {
            "name": "campaign",
            "in": "query",
            "description": "`campaign[name]`: a name or id. Where `voucher` is given too, the campaign is skipped.",
            "style": "deepObject",
            "explode": True,
            "schema": {"type": "object", "properties": {"name": {"type": "string"}, "count": {"const": 1}}},
        },
        {"name": "voucher", "in": "query", "description": "A code.", "schema": {"type": "string"}},
        {
            "name": "channel",
            "in": "query",
            "description": "`API` unless told.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 100},
        },
        {
            "name": "source_id",
            "in": "query",
            "description": "Your own id of the publication, for repeating it safely.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        },
        {"name": "join_once", "in": "query", "description": "Give the same code again.", "schema": {"type": "boolean"}},
        {
            "name": "metadata",
            "in": "query",
            "description": "`metadata[name]=value`",
            "style": "deepObject",
            "explode": True,
            "schema": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    ],
    examples=[
        Example(
            "The next code of a campaign",
            query={"campaign[name]": "Autumn coffee", "customer[source_id]": "12344", "source_id": "mail-7"},
        )
    ],
)
describe(
    publications.list_publications,
    "List publications",
    answers=PublicationList,
    orders=publications.ORDERS,
    parameters=[filters(PUBLICATIONS), *shortcuts(PUBLICATIONS, publications.PublicationsQuery)],
    examples=[
        Example("Of one customer", query={"customer": "12344", "limit": 20}),
        Example(
            "Of a channel",
            query={"campaign": "Autumn coffee", "filters[channel][conditions][$is][0]": "newsletter_October"},
        ),
    ],
)
describe(publications.get_publication, "Get a publication", answers=Publication)

# ---- redemptions

REFUSED = """not_found voucher_disabled voucher_not_active voucher_expired quantity_exceeded gift_amount_exceeded
    missing_amount invalid_gift referrer_not_permitted_to_redeem"""
PAID = {"source_id": "order-1001", "amount": 2000, "status": "PAID"}

describe(
    redemptions.redeem_stackable,
    "Redeem codes together",
    answers=RedemptionsMade,
    refuses=REFUSED,
    examples=[
        Example(
            "One code for an order",
            {"redeemables": [{"object": "voucher", "id": "AUTUMN-7GK2"}], "customer": ERLICH, "order": PAID},
        )
    ],
)
describe(
    redemptions.redeem_voucher,
    "Redeem a code",
    answers=Redemption,
    refuses=REFUSED,
    examples=[Example("For an order", {"customer": ERLICH, "order": PAID}, path={"code": "AUTUMN-7GK2"})],
)
describe(
    redemptions.list_redemptions,
    "List redemptions",
    answers=RedemptionList,
    orders=redemptions.ORDERS,
    parameters=[
        values("result", "SUCCESS or FAILURE.", enum=["SUCCESS", "FAILURE"]),
        *moments("created_at"),
        filters(OF_REDEMPTIONS),
        *shortcuts(OF_REDEMPTIONS, redemptions.RedemptionsQuery, ["result"]),
    ],
    examples=[Example("Of one campaign", query={"campaign": "Autumn coffee"})],
)
describe(redemptions.get_redemption, "Get a redemption", answers=Redemption)
ROLLING_BACK = "already_rolled_back invalid_redemption_parent invalid_rollback_params"
UNDO = [Example("The order was cancelled", {"reason": "Order cancelled"})]
describe(
    redemptions.roll_back_redemption, "Roll a redemption back", answers=Redemption, refuses=ROLLING_BACK, examples=UNDO
)
describe(
    redemptions.roll_back_stack,
    "Roll back codes that were redeemed together",
    answers=RollbacksMade,
    refuses=ROLLING_BACK,
    examples=UNDO,
)
describe(
    redemptions.get_redemptions_of_voucher,
    "Get how often a code was used",
    answers=RedemptionsOfVoucher,
    orders=redemptions.ORDERS,
)
describe(
    redemptions.list_redemptions_of_voucher,
    "List the redemptions of a voucher",
    answers=RedemptionsOfVoucher,
    orders=redemptions.ORDERS,
)

# ---- exports

in_path("export_id", "An export's id.", "export_Hw4PzKb7Qd1RsT9f")

describe(
    exports.create_export,
    "Create an export",
    answers=Export,
    refuses="invalid_export_fields not_found",
    examples=[
        Example(
            "The codes of a campaign",
            {
                "exported_object": "voucher",
                "parameters": {
                    "fields": ["code", "campaign", "customer_source_id"],
                    "filters": {"campaign": {"conditions": {"$is": ["Autumn coffee"]}}},
                },
            },
        ),
        Example("All customers", {"exported_object": "customer"}),
    ],
)
describe(exports.list_exports, "List exports", answers=ExportList, orders=exports.ORDERS)
describe(
    exports.get_export,
    "Get an export, or its file",
    answers=Export,
    files=["text/plain", "text/csv"],
    words={"token": "As in `result.url`, which then needs no key."},
)
describe(exports.remove_export, "Delete an export", answers={204: None})

# ---- metadata schemas

in_path("related_object", "What the metadata are of: `voucher`, `customer`, …", "voucher")

describe(api_metadata_schemas.list_metadata_schemas, "List metadata schemas", answers=MetadataSchemas)
describe(
    api_metadata_schemas.list_metadata_schemas_of, "List metadata schemas of one kind of thing", answers=MetadataSchemas
)

# ---- async actions

describe(
    async_actions.list_async_actions,
    "List async actions",
    answers=AsyncActionList,
    words={"end_date": "To read on: the `created_at` of the last one of the page before."},
    examples=[Example("The newest twenty", query={"limit": 20})],
)
describe(async_actions.get_async_action, "Get an async action", answers=FinishedAction)
