"""Customers that are changed or erased are noted for whoever listens."""

from django.db import migrations

# Row by row: a publish call whose customer is as before changes none, and pays nothing. What is written unchanged, or
# only marked as seen, is no event.
NOTE = """
CREATE FUNCTION note_customer_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    event text := CASE WHEN NEW.erased_at IS NULL THEN 'customer.updated' ELSE 'customer.deleted' END;
BEGIN
    INSERT INTO events_outbox (kind, object_key)
    SELECT event, NEW.id WHERE EXISTS (SELECT FROM events_listener l WHERE l.kind = event);
    RETURN NULL;
END $$;
CREATE TRIGGER note_customer_changed AFTER UPDATE ON customers_customer
    FOR EACH ROW WHEN (OLD.erased_at IS NULL AND (
        (OLD.source_id, OLD.name, OLD.email, OLD.phone, OLD.description, OLD.birthdate, OLD.address, OLD.metadata, OLD.erased_at)
        IS DISTINCT FROM
        (NEW.source_id, NEW.name, NEW.email, NEW.phone, NEW.description, NEW.birthdate, NEW.address, NEW.metadata, NEW.erased_at)))
    EXECUTE FUNCTION note_customer_changed();
"""
FORGET = """
DROP TRIGGER note_customer_changed ON customers_customer;
DROP FUNCTION note_customer_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0005_workbooks"), ("events", "0001_initial")]
    operations = [migrations.RunSQL(NOTE, FORGET)]
