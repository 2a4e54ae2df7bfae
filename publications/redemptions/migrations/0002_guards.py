"""Triggers that hold the record of use against stale saves, forms and scripts: the database refuses, whoever asks."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION redemption_keeps_what_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'redemptions are append-only; a use is taken back by a rollback'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER redemption_keeps_its_rows BEFORE DELETE ON redemptions_redemption
    FOR EACH ROW WHEN (OLD.result = 'SUCCESS') EXECUTE FUNCTION redemption_keeps_what_counts();
CREATE TRIGGER redemption_keeps_what_counts BEFORE UPDATE ON redemptions_redemption
    FOR EACH ROW WHEN (
        (OLD.kind, OLD.result, OLD.voucher_id, OLD.campaign_id, OLD.stack_id, OLD.undoes_id, OLD.amount,
         OLD.redeemed_quantity, OLD.redemption_limit, OLD.balance, OLD.created_at,
         OLD.applied_discount, OLD.total_discount) IS DISTINCT FROM
        (NEW.kind, NEW.result, NEW.voucher_id, NEW.campaign_id, NEW.stack_id, NEW.undoes_id, NEW.amount,
         NEW.redeemed_quantity, NEW.redemption_limit, NEW.balance, NEW.created_at,
         NEW.applied_discount, NEW.total_discount))
    EXECUTE FUNCTION redemption_keeps_what_counts();

-- A stale save of a whole voucher would give uses back that were made since. Only a rollback gives back, and it writes
-- its row first, in the same statement: that is the one whose created_at is this statement's time.
CREATE FUNCTION voucher_keeps_its_uses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM redemptions_redemption WHERE voucher_id = OLD.id AND kind = 'rollback'
                      AND result = 'SUCCESS' AND created_at = statement_timestamp()) THEN
        RAISE EXCEPTION 'voucher % was redeemed: only a rollback gives a use or its amount back', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER voucher_keeps_its_uses BEFORE UPDATE OF redeemed_quantity, redeemed_amount ON codes_voucher
    FOR EACH ROW WHEN (NEW.redeemed_quantity < OLD.redeemed_quantity OR NEW.redeemed_amount < OLD.redeemed_amount)
    EXECUTE FUNCTION voucher_keeps_its_uses();

-- A withdrawn code stays out of the pool. Only publications/actions/hold_back.py puts one back, and says which in a setting
-- of its transaction: a row that is written back whole cannot. A use may come to what was withdrawn for another reason;
-- nothing else changes that reason.
CREATE FUNCTION voucher_stays_withdrawn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.withdrawn_at = OLD.withdrawn_at AND NEW.withdrawn_why = 'used' THEN
        RETURN NEW;
    END IF;
    IF NEW.withdrawn_at IS NULL AND OLD.withdrawn_why <> 'used'
       AND current_setting('handout.puts_back', true) = OLD.id::text
       AND NOT EXISTS (SELECT 1 FROM redemptions_redemption
                        WHERE voucher_id = OLD.id AND kind = 'redemption' AND result = 'SUCCESS') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'voucher % was withdrawn (%): it does not return to the pool by itself', OLD.id, OLD.withdrawn_why
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER voucher_stays_withdrawn BEFORE UPDATE OF withdrawn_at, withdrawn_why ON codes_voucher
    FOR EACH ROW WHEN (OLD.withdrawn_at IS NOT NULL
                       AND (NEW.withdrawn_at, NEW.withdrawn_why) IS DISTINCT FROM (OLD.withdrawn_at, OLD.withdrawn_why))
    EXECUTE FUNCTION voucher_stays_withdrawn();
"""

REMOVE = """
DROP TRIGGER voucher_stays_withdrawn ON codes_voucher;
DROP FUNCTION voucher_stays_withdrawn();
DROP TRIGGER voucher_keeps_its_uses ON codes_voucher;
DROP FUNCTION voucher_keeps_its_uses();
DROP TRIGGER redemption_keeps_what_counts ON redemptions_redemption;
DROP TRIGGER redemption_keeps_its_rows ON redemptions_redemption;
DROP FUNCTION redemption_keeps_what_counts();
"""


class Migration(migrations.Migration):
    dependencies = [("redemptions", "0001_initial"), ("codes", "0001_initial")]
    operations = [migrations.RunSQL(GUARDS, REMOVE)]
