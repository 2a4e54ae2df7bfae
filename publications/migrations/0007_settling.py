"""A code that left in a file may be settled: its row of the ledger gets a customer, once."""

import django.db.models.deletion
from django.db import migrations, models

GUARDS = """
CREATE OR REPLACE FUNCTION ledger_keeps_its_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.voucher_id <> NEW.voucher_id OR OLD.publication_id <> NEW.publication_id
       OR OLD.code <> NEW.code OR OLD.released_at IS NOT NULL THEN
        RAISE EXCEPTION 'the ledger of published vouchers is append-only; a live row may be released once'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (OLD.settled_to_id, OLD.settled_at, OLD.settled_by) IS DISTINCT FROM (NEW.settled_to_id, NEW.settled_at, NEW.settled_by)
       AND (OLD.settled_to_id IS NOT NULL OR NEW.released_at IS NOT NULL
            OR NOT EXISTS (SELECT FROM publications_publication WHERE id = NEW.publication_id AND customer_id IS NULL)) THEN
        RAISE EXCEPTION 'the holder of a code is settled once, while it is live, and only where its publication names nobody'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

-- Join once: who was settled to hold a code of the campaign is given no second one. A function looks anew, so it sees what
-- was committed since the statement began; to whoever publishes it looks like a publication that is there already.
CREATE FUNCTION publication_joins_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM publications_publishedvoucher l JOIN publications_publication p ON p.id = l.publication_id
                WHERE l.settled_to_id = NEW.customer_id AND l.released_at IS NULL AND p.campaign_id = NEW.campaign_id) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER publication_joins_once BEFORE INSERT ON publications_publication FOR EACH ROW
    WHEN (NEW.join_once AND NEW.result = 'SUCCESS') EXECUTE FUNCTION publication_joins_once();
"""

REMOVE = """
DROP TRIGGER publication_joins_once ON publications_publication;
DROP FUNCTION publication_joins_once();
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


class Migration(migrations.Migration):
    dependencies = [("customers", "0004_how_a_file_is_read"), ("publications", "0006_stopped")]

    operations = [
        migrations.AddField(
            "publishedvoucher",
            "settled_to",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="settled",
                to="customers.customer",
            ),
        ),
        migrations.AddField("publishedvoucher", "settled_at", models.DateTimeField(null=True)),
        migrations.AddField("publishedvoucher", "settled_by", models.CharField(max_length=200, null=True)),
        migrations.AddIndex(
            "publishedvoucher",
            models.Index(
                condition=models.Q(("settled_to__isnull", False)), fields=["settled_to"], name="ledger_settled_to"
            ),
        ),
        migrations.AddIndex(
            "publishedvoucher",
            models.Index(
                condition=models.Q(("released_at", None), ("settled_to__isnull", False)),
                fields=["publication"],
                name="ledger_settled",
            ),
        ),
        migrations.AddConstraint(
            "publishedvoucher",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("settled_at", None), ("settled_by", None), ("settled_to", None)),
                    models.Q(
                        ("settled_at__isnull", False), ("settled_by__isnull", False), ("settled_to__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="ledger_settled_says_when",
            ),
        ),
        migrations.AddField(
            "publicationimport",
            "hand_out",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="settlements",
                to="publications.publication",
            ),
        ),
        migrations.AddField(
            "publicationimport", "back_to_pool", models.BooleanField(db_default=False, default=False)
        ),
        migrations.RunSQL(GUARDS, REMOVE),
    ]
