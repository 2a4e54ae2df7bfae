"""Publications and redemptions in the OpenAPI document: what answers.py and redemption_answers.py answer with."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from campaigns.api_schemas import ShortVoucher, Voucher
from config.api.schemas import (
    MAYBE,
    SHOWN,
    Answer,
    CampaignId,
    CustomerId,
    Hundredths,
    Listed,
    Metadata,
    Moment,
    PublicationId,
    VoucherId,
    id_of,
)
from config.api.started import ActionId
from customers.api.schemas import CustomerOfOrder, ShortCustomer, SimpleCustomer


class AboutPublication(Answer):
    """What every publication tells."""

    id: PublicationId
    object: Literal["publication"]
    created_at: Moment
    customer_id: CustomerId | None
    tracking_id: str | None = Field(examples=["12344"])
    """The customer's source_id."""
    metadata: Metadata
    channel: str = Field(examples=["newsletter_October"])
    source_id: str | None = Field(examples=["order-1001"])
    """The caller's own id of the publication: repeating a call with it gives the same code again."""
    result: Literal["SUCCESS", "FAILURE"]
    voided_at: Moment | None
    """When the last of its codes was released."""
    customer: ShortCustomer | None
    vouchers_id: list[VoucherId]


class PublicationMade(AboutPublication):
    """A publication as the call that made it is answered: with `voucher`, or with the codes of several."""

    voucher: Voucher = SHOWN
    vouchers: list[str] = Field(default=None, examples=[["AUTUMN-7GK2", "AUTUMN-M4XP"]])
    vouchers_count: int = Field(default=None, examples=[2])


class Publication(AboutPublication):
    """A publication in the history: with `voucher`, or with the codes of several, or with why it failed."""

    voucher: Voucher | ShortVoucher = SHOWN
    vouchers: list[str] = Field(default=None, examples=[["AUTUMN-7GK2", "AUTUMN-M4XP"]])
    """Of several; the first 100 of a hand-out."""
    vouchers_count: int = Field(default=None, examples=[2])
    failure_code: str = Field(default=None, examples=["no_voucher_suitable_for_publication"])
    failure_message: str = Field(default=None, examples=["Couldn't find any voucher suitable for publication"])


class PublicationList(Listed):
    data_ref: Literal["publications"]
    publications: list[Publication]


RedemptionId = id_of("r|rf|rr|rrf", "r_Yq3TzN8kGm5LwX1c")


class VoucherOfRedemption(ShortVoucher):
    """A voucher as lists of redemptions show it."""

    id: VoucherId
    campaign_id: CampaignId | None


class Related(Answer):
    id: RedemptionId
    date: Moment


class RelatedRedemptions(Answer):
    rollbacks: list[Related] = Field(examples=[[]])
    redemptions: list[Related] = Field(examples=[[]])


class RedemptionChannel(Answer):
    channel_id: str = Field(examples=["131e9e3d-925a-4faa-a07c-dfd535db27bf"])
    channel_type: Literal["API", "USER"]


class GiftUsed(Answer):
    amount: Hundredths


class Order(Answer):
    """The order as it was sent, and what the codes took off it. Amounts are in hundredths."""

    model_config = {"extra": "allow"}

    object: Literal["order"]
    source_id: str | None = Field(examples=["order-1001"])
    status: Literal["CREATED", "PAID", "CANCELED", "FULFILLED"] = Field(examples=["PAID"])
    amount: int = Field(default=None, examples=[2000])
    initial_amount: int = Field(default=None, examples=[2000])
    discount_amount: int = Field(default=None, examples=[200])
    total_discount_amount: int = Field(default=None, examples=[200])
    """What all the codes took off it so far."""
    applied_discount_amount: int = Field(default=None, examples=[200])
    total_applied_discount_amount: int = Field(default=None, examples=[200])
    """What this redemption took off it: of a code among several, that code alone."""
    total_amount: int = Field(default=None, examples=[1800])
    """What is left to pay; never below 0."""
    items: list[dict[str, Any]] = MAYBE
    metadata: Metadata
    created_at: Moment
    updated_at: Moment | None
    customer_id: CustomerId | None
    customer: CustomerOfOrder | None
    referrer_id: CustomerId | None
    """Who holds the referral code that was redeemed."""
    redemptions: dict[str, Any] = Field(examples=[{}])


class Redemption(Answer):
    """A use of a code, or of several together, or a rollback of it."""

    id: RedemptionId
    object: Literal["redemption", "redemption_rollback"]
    date: Moment
    customer_id: CustomerId | None
    tracking_id: str | None = Field(examples=["12344"])
    """The customer's source_id."""
    metadata: Metadata
    redemption: RedemptionId | None = Field(examples=[None])
    """What a rollback took back; else the stack that this is a part of."""
    result: Literal["SUCCESS", "FAILURE"]
    status: Literal["SUCCEEDED", "FAILED", "ROLLED_BACK"]
    related_redemptions: RelatedRedemptions
    order: Order | None
    channel: RedemptionChannel
    customer: SimpleCustomer | None
    related_object_type: Literal["voucher", "redemption"]
    related_object_id: str = Field(examples=["v_k4GmRz81sXqTeB7u"])
    voucher: Voucher | VoucherOfRedemption = SHOWN
    """Of a stack there is none."""
    amount: Hundredths = MAYBE
    """What was taken from a gift voucher; negative where it was given back."""
    gift: GiftUsed = MAYBE
    reason: str | None = MAYBE
    """Why it was rolled back."""
    failure_code: str = Field(default=None, examples=["quantity_exceeded"])
    failure_message: str = Field(default=None, examples=["quantity exceeded"])


class RedemptionList(Listed):
    data_ref: Literal["redemptions"]
    redemptions: list[Redemption]


class RedemptionsOfVoucher(Listed):
    data_ref: Literal["redemption_entries"]
    redemption_entries: list[Redemption]
    quantity: int | None = Field(examples=[1])
    redeemed_quantity: int = Field(examples=[1])
    redeemed_amount: Hundredths = MAYBE
    url: str = Field(examples=["/v1/vouchers/AUTUMN-7GK2/redemptions?page=1&limit=10"])


class RedemptionsMade(Answer):
    redemptions: list[Redemption]
    parent_redemption: Redemption = MAYBE
    """The stack, where several codes were used together."""
    order: Order = MAYBE
    inapplicable_redeemables: list[Any] = Field(max_length=0, examples=[[]])
    skipped_redeemables: list[Any] = Field(max_length=0, examples=[[]])


class RollbacksMade(Answer):
    rollbacks: list[Redemption]
    parent_rollback: Redemption
    order: Order = MAYBE


class AsyncAction(Answer):
    """Work that goes on in the background."""

    id: ActionId
    type: Literal[
        "CAMPAIGN.VOUCHERS_GENERATE",
        "CAMPAIGN.VOUCHERS_IMPORT",
        "CAMPAIGN.VOUCHERS_IMPORT_CSV",
        "CAMPAIGN.VOUCHERS_DELETE",
        "VOUCHERS.IMPORT",
        "VOUCHERS.IMPORT_CSV",
        "CUSTOMERS.IMPORT_CSV",
        "CUSTOMERS.BULK_UPDATE",
    ]
    status: Literal["DONE", "IN_PROGRESS", "FAILED"]
    operation_status: Literal["SUCCESS", "FAILED", "UNKNOWN"]
    """FAILED also where the work ran to its end and nothing of it was good."""
    created_at: Moment
    updated_at: Moment
    processing_time: int = Field(ge=0, examples=[740])
    """Milliseconds."""
    progress: int = Field(ge=0, le=100, examples=[100])
    """Percent."""
    object: Literal["async_action"]


class ActionResult(Answer):
    """What came of it: counts, and for each row that was not good the reason."""

    model_config = {"extra": "allow"}

    message: str = Field(examples=["2 voucher(s) imported successfully, 0 failed."])
    done_count: int = Field(examples=[2])
    failed_count: int = Field(default=None, examples=[0], json_schema_extra={"x-shown": True})
    failed: list[dict[str, Any]] = Field(default=None, examples=[[]], json_schema_extra={"x-shown": True})


class FinishedAction(AsyncAction):
    result: ActionResult | None
    """null while it runs."""


class AsyncActionList(Answer):
    object: Literal["list"]
    data_ref: Literal["async_actions"]
    async_actions: list[AsyncAction]
    has_more: bool = Field(examples=[False])


ExportId = id_of("export", "export_Hw4PzKb7Qd1RsT9f")


class ExportSelection(Answer):
    """As they were sent, and what holds where nothing was."""

    fields: list[str] = Field(examples=[["code", "campaign", "customer_source_id"]])
    filters: dict[str, Any] = Field(examples=[{}])
    order: str = Field(examples=["-created_at"])
    campaign_id: CampaignId = MAYBE


class ExportResult(Answer):
    url: str = Field(examples=["https://handout.example.com/v1/exports/export_Hw4PzKb7Qd1RsT9f?token=eyJ…"])
    """The file, for whoever has this address, for a day."""


class Export(Answer):
    """A CSV file."""

    id: ExportId
    object: Literal["export"]
    created_at: Moment
    status: Literal["DONE", "SCHEDULED", "IN_PROGRESS", "ERROR"]
    channel: Literal["API"]
    exported_object: Literal["voucher", "publication", "customer"]
    parameters: ExportSelection
    result: ExportResult | None
    """null until it is done, and when its file was deleted."""
    user_id: None


class ExportList(Listed):
    data_ref: Literal["exports"]
    exports: list[Export]
