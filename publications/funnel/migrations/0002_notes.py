"""Triggers that note which codes the funnel must look at again, whoever writes: released ones, and those whose message was
sent. New codes and redemptions need none: they are found by their ids."""

from django.db import migrations

TRIGGERS = """
CREATE FUNCTION funnel_notes_releases() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO funnel_funnelchange (publication_id, ledger_id) VALUES (NEW.publication_id, NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER funnel_notes_releases AFTER UPDATE OF released_at ON publications_publishedvoucher
    FOR EACH ROW WHEN (OLD.released_at IS DISTINCT FROM NEW.released_at) EXECUTE FUNCTION funnel_notes_releases();

CREATE FUNCTION funnel_notes_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO funnel_funnelchange (publication_id) VALUES (NEW.publication_id);
    RETURN NULL;
END $$;
CREATE TRIGGER funnel_notes_messages AFTER UPDATE OF state ON distributions_delivery
    FOR EACH ROW WHEN (NEW.publication_id IS NOT NULL AND OLD.state <> NEW.state AND 'sent' IN (OLD.state, NEW.state))
    EXECUTE FUNCTION funnel_notes_messages();
"""

REMOVE = """
DROP TRIGGER funnel_notes_messages ON distributions_delivery;
DROP FUNCTION funnel_notes_messages();
DROP TRIGGER funnel_notes_releases ON publications_publishedvoucher;
DROP FUNCTION funnel_notes_releases();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("funnel", "0001_initial"),
        ("publications", "0007_settling"),
        ("distributions", "0005_refusals"),
        ("redemptions", "0004_transactions"),
    ]
    operations = [migrations.RunSQL(TRIGGERS, REMOVE)]
