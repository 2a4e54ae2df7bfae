"""Triggers that hold the record of use against stale saves, forms and scripts: the database refuses, whoever asks."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION redemption_keeps_what_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'redemptions are append-only; a use is taken back by a rollback'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER redemption_keeps_its_rows BEFORE DELETE ON publications_redemption
    FOR EACH ROW WHEN (OLD.result = 'SUCCESS') EXECUTE FUNCTION redemption_keeps_what_counts();
CREATE TRIGGER redemption_keeps_what_counts BEFORE UPDATE ON publications_redemption
    FOR EACH ROW WHEN (
        (OLD.kind, OLD.result, OLD.voucher_id, OLD.campaign_id, OLD.stack_id, OLD.undoes_id, OLD.amount,
         OLD.redeemed_quantity, OLD.redemption_limit, OLD.balance, OLD.created_at) IS DISTINCT FROM
        (NEW.kind, NEW.result, NEW.voucher_id, NEW.campaign_id, NEW.stack_id, NEW.undoes_id, NEW.amount,
         NEW.redeemed_quantity, NEW.redemption_limit, NEW.balance, NEW.created_at))
    EXECUTE FUNCTION redemption_keeps_what_counts();

-- A stale save of a whole voucher would give uses back that were made since. Only a rollback gives back, and it writes
-- its row first, in the same statement: that is the one whose created_at is this statement's time.
CREATE FUNCTION voucher_keeps_its_uses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM publications_redemption WHERE voucher_id = OLD.id AND kind = 'rollback'
                      AND result = 'SUCCESS' AND created_at = statement_timestamp()) THEN
        RAISE EXCEPTION 'voucher % was redeemed: only a rollback gives a use or its amount back', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER voucher_keeps_its_uses BEFORE UPDATE OF redeemed_quantity, redeemed_amount ON campaigns_voucher
    FOR EACH ROW WHEN (NEW.redeemed_quantity < OLD.redeemed_quantity OR NEW.redeemed_amount < OLD.redeemed_amount)
    EXECUTE FUNCTION voucher_keeps_its_uses();
"""

REMOVE = """
DROP TRIGGER voucher_keeps_its_uses ON campaigns_voucher;
DROP FUNCTION voucher_keeps_its_uses();
DROP TRIGGER redemption_keeps_what_counts ON publications_redemption;
DROP TRIGGER redemption_keeps_its_rows ON publications_redemption;
DROP FUNCTION redemption_keeps_what_counts();
"""


class Migration(migrations.Migration):
    dependencies = [("publications", "0005_redemptions"), ("campaigns", "0004_redeemed_amount")]
    operations = [migrations.RunSQL(GUARDS, REMOVE)]
