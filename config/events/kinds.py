"""The kinds of events that more than one room speaks of: noun, dot, verb in the past. Others stand in their own room."""

from __future__ import annotations

PUBLICATION_SUCCEEDED = "publication.succeeded"
VOUCHER_REDEEMED = "voucher.redeemed"
GENERATION_COMPLETED = "campaign.vouchers.generation.completed"
CUSTOMER_CREATED = "customer.created"  # noted by a trigger on the table: customers/migrations/0002_note_customers.py
REFERRAL_CONVERTED = "referral.converted"
ALERT_OPENED = "alert.opened"
