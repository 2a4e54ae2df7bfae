"""A withdrawn code stays out of the pool, whoever asks: stale saves, forms and scripts are refused (ADR 0024)."""

from django.db import migrations

# Used, taken back by a rollback, and in the pool again until now.
WITHDRAW = """
UPDATE campaigns_voucher v SET withdrawn_at = now(), withdrawn_why = 'used'
 WHERE v.published_at IS NULL AND v.withdrawn_at IS NULL
   AND v.id IN (SELECT voucher_id FROM publications_redemption WHERE kind = 'redemption' AND result = 'SUCCESS');
"""

# Only publications/hold_back.py puts a code back, and says which in a setting of its transaction: a row that is written
# back whole cannot. A use may come to what was withdrawn for another reason; nothing else changes that reason.
GUARDS = """
CREATE FUNCTION voucher_stays_withdrawn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.withdrawn_at = OLD.withdrawn_at AND NEW.withdrawn_why = 'used' THEN
        RETURN NEW;
    END IF;
    IF NEW.withdrawn_at IS NULL AND OLD.withdrawn_why <> 'used'
       AND current_setting('handout.puts_back', true) = OLD.id::text
       AND NOT EXISTS (SELECT 1 FROM publications_redemption
                        WHERE voucher_id = OLD.id AND kind = 'redemption' AND result = 'SUCCESS') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'voucher % was withdrawn (%): it does not return to the pool by itself', OLD.id, OLD.withdrawn_why
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER voucher_stays_withdrawn BEFORE UPDATE OF withdrawn_at, withdrawn_why ON campaigns_voucher
    FOR EACH ROW WHEN (OLD.withdrawn_at IS NOT NULL
                       AND (NEW.withdrawn_at, NEW.withdrawn_why) IS DISTINCT FROM (OLD.withdrawn_at, OLD.withdrawn_why))
    EXECUTE FUNCTION voucher_stays_withdrawn();
"""

REMOVE = """
DROP TRIGGER voucher_stays_withdrawn ON campaigns_voucher;
DROP FUNCTION voucher_stays_withdrawn();
"""


class Migration(migrations.Migration):
    dependencies = [("publications", "0020_history_across_campaigns"), ("campaigns", "0010_withdrawn")]
    operations = [migrations.RunSQL(WITHDRAW, migrations.RunSQL.noop), migrations.RunSQL(GUARDS, REMOVE)]
