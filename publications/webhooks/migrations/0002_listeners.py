"""Webhooks are listeners like others: while one is active, the events that it wants are noted for it."""

from django.db import migrations

LISTEN = """
CREATE FUNCTION webhook_listens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM events_listener WHERE owner = 'webhook ' || coalesce(NEW.id, OLD.id);
    IF TG_OP <> 'DELETE' AND NEW.paused_at IS NULL AND NEW.deleted_at IS NULL THEN
        INSERT INTO events_listener (kind, owner) SELECT DISTINCT unnest(NEW.events), 'webhook ' || NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER webhook_listens AFTER INSERT OR DELETE OR UPDATE OF events, paused_at, deleted_at
    ON webhooks_webhookaddress FOR EACH ROW EXECUTE FUNCTION webhook_listens();
"""
FORGET = """
DROP TRIGGER webhook_listens ON webhooks_webhookaddress;
DROP FUNCTION webhook_listens();
"""


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0001_initial"), ("events", "0001_initial")]
    operations = [migrations.RunSQL(LISTEN, FORGET)]
