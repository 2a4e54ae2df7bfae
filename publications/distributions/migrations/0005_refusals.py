"""Who says no to marketing in an imported file is unsubscribed, in the transaction of the import itself."""

from django.db import migrations

# Customers know nothing of distributions; so it is here that a refusal becomes an unsubscribed address. One that is
# unsubscribed already stays as it is.
UNSUBSCRIBE = """
CREATE FUNCTION unsubscribe_who_refused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO distributions_unsubscribe (email, customer_id, actor_kind, actor_id, actor_label)
    SELECT DISTINCT ON (lower(c.email)) lower(c.email), c.id, r.actor_kind, r.actor_id, r.actor_label
      FROM refused r JOIN customers_customer c ON c.id = r.customer_id
     WHERE c.email <> '' AND c.erased_at IS NULL ORDER BY lower(c.email), c.id
    ON CONFLICT (email) DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER unsubscribe_who_refused AFTER INSERT ON customers_marketingrefusal
    REFERENCING NEW TABLE AS refused FOR EACH STATEMENT EXECUTE FUNCTION unsubscribe_who_refused();
"""
FORGET = """
DROP TRIGGER unsubscribe_who_refused ON customers_marketingrefusal;
DROP FUNCTION unsubscribe_who_refused();
"""


class Migration(migrations.Migration):
    dependencies = [("distributions", "0004_wording_again"), ("customers", "0005_workbooks")]
    operations = [migrations.RunSQL(UNSUBSCRIBE, FORGET)]
