"""A trigger that refuses any change of a distribution's status that the table in states.py does not know."""

from django.db import migrations

# It may come into being in any state (a restored one, demo data); from there on only the table leads.
MOVES = """
CREATE FUNCTION distribution_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind = OLD.kind AND (OLD.kind, OLD.status, NEW.status) IN (
        ('manual', 'draft', 'scheduled'),
        ('manual', 'scheduled', 'cancelled'),
        ('manual', 'scheduled', 'running'),
        ('manual', 'scheduled', 'held'),
        ('manual', 'running', 'paused'),
        ('manual', 'running', 'held'),
        ('manual', 'running', 'done'),
        ('manual', 'running', 'stopped'),
        ('manual', 'paused', 'running'),
        ('manual', 'paused', 'stopped'),
        ('manual', 'held', 'running'),
        ('manual', 'held', 'stopped'),
        ('manual', 'done', 'running'),
        ('automatic', 'draft', 'active'),
        ('automatic', 'active', 'paused'),
        ('automatic', 'active', 'held'),
        ('automatic', 'active', 'archived'),
        ('automatic', 'paused', 'active'),
        ('automatic', 'paused', 'archived'),
        ('automatic', 'held', 'active'),
        ('automatic', 'held', 'paused'),
        ('automatic', 'held', 'archived')
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'distribution % is % and %: it does not become % and %',
        OLD.id, OLD.kind, OLD.status, NEW.kind, NEW.status USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER distribution_moves BEFORE UPDATE OF kind, status ON distributions_distribution
    FOR EACH ROW WHEN ((NEW.kind, NEW.status) IS DISTINCT FROM (OLD.kind, OLD.status))
    EXECUTE FUNCTION distribution_moves();
"""
REMOVE = """
DROP TRIGGER distribution_moves ON distributions_distribution;
DROP FUNCTION distribution_moves();
"""


class Migration(migrations.Migration):
    dependencies = [("distributions", "0001_initial")]
    operations = [migrations.RunSQL(MOVES, REMOVE)]
