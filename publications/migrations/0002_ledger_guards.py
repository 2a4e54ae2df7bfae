"""Triggers that hold the ledger against stale saves, forms and scripts: the database refuses, whoever asks."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION voucher_keeps_its_publication() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM publications_publishedvoucher WHERE voucher_id = OLD.id AND released_at IS NULL) THEN
        RAISE EXCEPTION 'voucher % is published: release it before it may return to the pool', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER voucher_keeps_its_publication BEFORE UPDATE OF published_at ON codes_voucher
    FOR EACH ROW WHEN (OLD.published_at IS NOT NULL AND NEW.published_at IS NULL)
    EXECUTE FUNCTION voucher_keeps_its_publication();

-- What a customer holds stays a code.
CREATE FUNCTION voucher_keeps_its_code() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the text of a code never changes (voucher %)', OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER voucher_keeps_its_code BEFORE UPDATE OF code ON codes_voucher
    FOR EACH ROW WHEN (OLD.code <> NEW.code) EXECUTE FUNCTION voucher_keeps_its_code();

CREATE FUNCTION ledger_keeps_its_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.voucher_id <> NEW.voucher_id OR OLD.publication_id <> NEW.publication_id
       OR OLD.code <> NEW.code OR OLD.released_at IS NOT NULL THEN
        RAISE EXCEPTION 'the ledger of published vouchers is append-only; a live row may be released once'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_keeps_its_rows BEFORE UPDATE OR DELETE ON publications_publishedvoucher
    FOR EACH ROW EXECUTE FUNCTION ledger_keeps_its_rows();
"""

REMOVE = """
DROP TRIGGER ledger_keeps_its_rows ON publications_publishedvoucher;
DROP FUNCTION ledger_keeps_its_rows();
DROP TRIGGER voucher_keeps_its_code ON codes_voucher;
DROP FUNCTION voucher_keeps_its_code();
DROP TRIGGER voucher_keeps_its_publication ON codes_voucher;
DROP FUNCTION voucher_keeps_its_publication();
"""


class Migration(migrations.Migration):
    dependencies = [("publications", "0001_initial"), ("codes", "0001_initial")]
    operations = [migrations.RunSQL(GUARDS, REMOVE)]
