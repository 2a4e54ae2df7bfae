"""The kinds of events: noun, dot, verb in the past. Those that only one room notes stand in that room."""

from __future__ import annotations

from config.events.kinds import VOUCHER_REDEEMED

PUBLICATION_SUCCEEDED = "publication.succeeded"


VOUCHER_REDEEMED = "voucher.redeemed"


GENERATION_COMPLETED = "campaign.vouchers.generation.completed"


CUSTOMER_CREATED = "customer.created"  # noted by a trigger on the table: customers/migrations/0006


REFERRAL_CONVERTED = "referral.converted"
