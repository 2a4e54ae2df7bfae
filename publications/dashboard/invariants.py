"""What must hold of the database as a whole, with the guards of all rooms, for publications/dashboard/verify.py:
(name, kind of row, SQL of how many were examined, SQL of the broken rows)."""

from __future__ import annotations

# Triggers that must be enabled (all of ours), and unique indexes that must be there and valid (those of what is counted, given
# or sent once). A test compares both with the database.
TRIGGERS = """('voucher_keeps_its_publication'), ('ledger_keeps_its_rows'), ('audit_is_append_only'), ('voucher_keeps_its_uses'),
              ('redemption_keeps_its_rows'), ('redemption_keeps_what_counts'), ('voucher_stays_withdrawn'),
              ('voucher_keeps_its_code'), ('funnel_notes_releases'), ('funnel_notes_messages'), ('publication_joins_once'),
              ('balance_change_keeps_what_counts'), ('campaign_with_limits'), ('campaign_sets_limits'), ('api_key_with_limit'),
              ('api_key_sets_limit'), ('settings_set_limits'), ('distribution_moves'), ('note_voucher_switched'),
              ('note_customer_changed'), ('note_customers_created'), ('unsubscribe_who_refused'), ('webhook_listens')"""
UNIQUE_INDEXES = """('ledger_voucher_live_once'), ('publication_source_id_once'), ('publication_join_once'),
                    ('publication_equal_failures'), ('voucher_code_unique'), ('customer_source_id_unique'),
                    ('redemption_undone_once'), ('redemption_equal_failures'), ('referral_referee_once'), ('referral_numbered'),
                    ('redemptions_referral_redemption_id_key'), ('delivery_once'), ('delivery_reminds_once'),
                    ('distributions_delivery_publication_id_key'), ('listed_code_once'), ('listed_recipient_once_a_line'),
                    ('unsubscribe_once'), ('firing_once'), ('automation_firing_delivery_id_key'), ('staff_limit_subject_key'),
                    ('codes_reservation_taker_key'), ('idempotent_call_once'), ('recall_batch_once'), ('recalled_once'),
                    ('recalls_recalledcode_publication_id_key'), ('exports_export_publication_id_key'),
                    ('exports_export_form_token_key'), ('day_tally_once'), ('funnel_tally_once'), ('funnel_time_once'),
                    ('campaign_name_unique'), ('offer_change_one_at_once')"""

WHAT_MUST_HOLD = [
    (
        "the database's guards stand",
        "guard",
        f"SELECT count(*) FROM (VALUES {TRIGGERS}, {UNIQUE_INDEXES}) AS guards (name)",  # noqa: S608 - our own constants
        f"""SELECT name FROM (VALUES {TRIGGERS}) AS guards (name)
             WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgenabled = 'O' AND tgname = name)
            UNION ALL
            SELECT name FROM (VALUES {UNIQUE_INDEXES}) AS guards (name)
             WHERE NOT EXISTS (SELECT FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
                                WHERE indisunique AND indisvalid AND relname = name)""",  # noqa: S608 - our own constants
    ),
    (
        "what was answered survives a crash of the database",
        "setting",
        "SELECT 3",
        """SELECT name FROM (VALUES ('fsync'), ('synchronous_commit'), ('full_page_writes')) AS s (name)
            WHERE current_setting(s.name) = 'off'""",
    ),
]
