"""Draws the alphabet of the public ids, makes the audit log append-only, and lets one quarantine be open at a time."""

import secrets
import string

from django.db import migrations

CREATE_IDENTITY = """
CREATE TABLE handout_identity (one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row), alphabet text NOT NULL)
"""

APPEND_ONLY = """
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit entries cannot be changed or deleted' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON staff_auditentry
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
"""

# Read by every statement that publishes (config/staff/quarantine.py).
ONE_QUARANTINE = """
CREATE UNIQUE INDEX quarantine_one_at_a_time ON staff_quarantine ((true)) WHERE ended_at IS NULL
"""


def draw_alphabet(apps, schema_editor):
    letters = list(string.digits + string.ascii_letters)
    secrets.SystemRandom().shuffle(letters)
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("INSERT INTO handout_identity (alphabet) VALUES (%s)", ["".join(letters)])


class Migration(migrations.Migration):
    dependencies = [("staff", "0001_initial")]
    operations = [
        migrations.RunSQL(CREATE_IDENTITY, "DROP TABLE handout_identity"),
        migrations.RunPython(draw_alphabet, migrations.RunPython.noop),
        migrations.RunSQL(
            APPEND_ONLY,
            "DROP TRIGGER audit_is_append_only ON staff_auditentry; DROP FUNCTION audit_is_append_only()",
        ),
        migrations.RunSQL(ONE_QUARANTINE, "DROP INDEX quarantine_one_at_a_time"),
    ]
