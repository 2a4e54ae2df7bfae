"""The ledger keeps each code's text as it was given out, and no code's text changes: what a customer holds stays a code."""

from django.db import migrations, models

# Released rows are closed to every change, this one excepted.
FILL = """
ALTER TABLE publications_publishedvoucher DISABLE TRIGGER ledger_keeps_its_rows;
UPDATE publications_publishedvoucher l SET code = v.code FROM campaigns_voucher v WHERE v.id = l.voucher_id;
ALTER TABLE publications_publishedvoucher ENABLE TRIGGER ledger_keeps_its_rows;
"""

GUARDS = """
CREATE FUNCTION voucher_keeps_its_code() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the text of a code never changes (voucher %)', OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER voucher_keeps_its_code BEFORE UPDATE OF code ON campaigns_voucher
    FOR EACH ROW WHEN (OLD.code <> NEW.code) EXECUTE FUNCTION voucher_keeps_its_code();

CREATE OR REPLACE FUNCTION ledger_keeps_its_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.voucher_id <> NEW.voucher_id OR OLD.publication_id <> NEW.publication_id
       OR OLD.code <> NEW.code OR OLD.released_at IS NOT NULL THEN
        RAISE EXCEPTION 'the ledger of published vouchers is append-only; a live row may be released once'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""

REMOVE = """
DROP TRIGGER voucher_keeps_its_code ON campaigns_voucher;
DROP FUNCTION voucher_keeps_its_code();
CREATE OR REPLACE FUNCTION ledger_keeps_its_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.voucher_id <> NEW.voucher_id OR OLD.publication_id <> NEW.publication_id
       OR OLD.released_at IS NOT NULL THEN
        RAISE EXCEPTION 'the ledger of published vouchers is append-only; a live row may be released once'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("publications", "0028_order_discounts"), ("campaigns", "0010_withdrawn")]
    operations = [
        migrations.AddField(
            model_name="publishedvoucher",
            name="code",
            field=models.CharField(max_length=255, null=True),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(GUARDS, REMOVE),
    ]
