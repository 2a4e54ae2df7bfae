"""Codes that are disabled or enabled are noted for whoever listens."""

from django.db import migrations

# Half a dozen doors switch codes: here none of them can forget it. Publishing never sets the column, so it pays nothing.
NOTE = """
CREATE FUNCTION note_voucher_switched() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    event text := CASE WHEN NEW.active THEN 'voucher.enabled' ELSE 'voucher.disabled' END;
BEGIN
    INSERT INTO events_outbox (kind, object_key)
    SELECT event, NEW.id WHERE EXISTS (SELECT FROM events_listener l WHERE l.kind = event);
    RETURN NULL;
END $$;
CREATE TRIGGER note_voucher_switched AFTER UPDATE OF active ON codes_voucher
    FOR EACH ROW WHEN (OLD.active <> NEW.active) EXECUTE FUNCTION note_voucher_switched();
"""
FORGET = """
DROP TRIGGER note_voucher_switched ON codes_voucher;
DROP FUNCTION note_voucher_switched();
"""


class Migration(migrations.Migration):
    dependencies = [("codes", "0005_workbooks"), ("events", "0001_initial")]
    operations = [migrations.RunSQL(NOTE, FORGET)]
