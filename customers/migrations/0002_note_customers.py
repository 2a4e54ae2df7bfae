"""New customers are noted for whoever listens."""

from django.db import migrations

# Customers come in by half a dozen doors (API, forms, files, lists of recipients): here none of them can forget it.
# Once a statement, and only if somebody listens.
NOTE = """
CREATE FUNCTION note_customers_created() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM events_listener WHERE kind = 'customer.created') THEN
        INSERT INTO events_outbox (kind, object_key) SELECT 'customer.created', id FROM made ORDER BY id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER note_customers_created AFTER INSERT ON customers_customer
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION note_customers_created();
"""
FORGET = """
DROP TRIGGER note_customers_created ON customers_customer;
DROP FUNCTION note_customers_created();
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial"), ("events", "0001_initial")]
    operations = [migrations.RunSQL(NOTE, FORGET)]
