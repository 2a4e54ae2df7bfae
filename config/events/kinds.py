"""The kinds of events that more than one room speaks of: noun, dot, verb in the past. Others stand in their own room.

They have Voucherify's names where it has one.
"""

from __future__ import annotations

PUBLICATION_SUCCEEDED = "publication.succeeded"
PUBLICATION_FAILED = "publication.failed"
VOUCHER_REDEEMED = "voucher.redeemed"
REDEMPTION_FAILED = "redemption.failed"
ROLLBACK_SUCCEEDED = "redemption.rollback.succeeded"
ROLLBACK_FAILED = "redemption.rollback.failed"
# Noted by a trigger on the table: campaigns/codes/migrations/0006_note_switched.py
VOUCHER_ENABLED = "voucher.enabled"
VOUCHER_DISABLED = "voucher.disabled"
VOUCHER_RELEASED = "voucher.released"
VOUCHER_RETIRED = "voucher.retired"
VOUCHER_EXPIRED = "voucher.expired"
GENERATION_COMPLETED = "campaign.vouchers.generation.completed"
POOL_LOW = "campaign.pool.low"
POOL_EMPTY = "campaign.pool.empty"
# Noted by triggers on the table: customers/migrations/0002_note_customers.py, 0006_note_changes.py
CUSTOMER_CREATED = "customer.created"
CUSTOMER_UPDATED = "customer.updated"
CUSTOMER_DELETED = "customer.deleted"  # erased
DISTRIBUTION_PAUSED = "distribution.paused"
DISTRIBUTION_ENDED = "distribution.ended"
REFERRAL_CONVERTED = "referral.converted"
ALERT_OPENED = "alert.opened"
