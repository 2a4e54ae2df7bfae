"""One table of states for distributions: "paused by Handout" is a status of its own, and a trigger refuses any change of the
status that the table (publications/distributions/states.py) does not know."""

from django.db import migrations, models

# A pause had a reason then: "staff", or whatever Handout had found.
HELD = """
UPDATE publications_distribution SET status = 'held' WHERE status = 'paused' AND status_reason <> 'staff';
UPDATE publications_distribution SET status_reason = '', status_detail = ''
 WHERE status NOT IN ('held', 'running', 'active') AND (status_reason <> '' OR status_detail <> '');
"""
PAUSED = """
UPDATE publications_distribution SET status_reason = 'staff' WHERE status = 'paused';
UPDATE publications_distribution SET status = 'paused' WHERE status = 'held';
"""

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
CREATE TRIGGER distribution_moves BEFORE UPDATE OF kind, status ON publications_distribution
    FOR EACH ROW WHEN ((NEW.kind, NEW.status) IS DISTINCT FROM (OLD.kind, OLD.status))
    EXECUTE FUNCTION distribution_moves();
"""
REMOVE = """
DROP TRIGGER distribution_moves ON publications_distribution;
DROP FUNCTION distribution_moves();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0012_offer_changes'),
        ('customers', '0008_first_members_plural'),
        ('publications', '0030_metadata_found'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='distribution',
            name='distribution_status_of_kind',
        ),
        migrations.RemoveConstraint(
            model_name='distribution',
            name='distribution_paused_has_reason',
        ),
        migrations.AlterField(
            model_name='distribution',
            name='status',
            field=models.CharField(choices=[('draft', 'Draft'), ('scheduled', 'Scheduled'), ('running', 'Running'), ('done', 'Done'), ('cancelled', 'Cancelled'), ('stopped', 'Stopped'), ('active', 'Active'), ('archived', 'Archived'), ('paused', 'Paused'), ('held', 'Paused by Handout')], db_default='draft', default='draft', max_length=10),
        ),
        migrations.AlterField(
            model_name='distribution',
            name='status_reason',
            field=models.CharField(blank=True, choices=[('pool_empty', 'The pool is empty'), ('no_more_codes', 'No more codes can be made'), ('campaign_disabled', 'The campaign is disabled'), ('campaign_expired', 'The campaign has expired'), ('campaign_deleted', 'The campaign was deleted'), ('webhook_deleted', 'The webhook of this distribution was deleted'), ('server_refuses', 'The mail server refuses Handout'), ('server_cannot', 'The mail server cannot do what EMAIL_URL asks for'), ('sender_refused', 'The mail server takes no message from this sender'), ('unknown_in_a_row', 'Of several messages in a row nobody knows whether they arrived'), ('lost', 'The database lost its last moments while this was under way'), ('answers_lost', 'The connection is lost before the server says whether it took the message'), ('server_busy', 'The mail server asks for patience'), ('server_away', 'The mail server does not answer'), ('server_hangs_up', 'The mail server closes the connection'), ('webhook_away', 'The webhook’s server does not answer'), ('other', '')], db_default='', default='', max_length=20),
        ),
        migrations.RunSQL(HELD, PAUSED),
        migrations.AddConstraint(
            model_name='distribution',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'manual'), ('status__in', ['draft', 'scheduled', 'running', 'paused', 'held', 'done', 'cancelled', 'stopped'])), models.Q(('kind', 'automatic'), ('status__in', ['draft', 'active', 'paused', 'held', 'archived'])), _connector='OR'), name='distribution_status_of_kind'),
        ),
        migrations.AddConstraint(
            model_name='distribution',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'held'), models.Q(('status_reason', ''), _negated=True)), ('status__in', ['running', 'active']), models.Q(models.Q(('status__in', ['held', 'running', 'active']), _negated=True), ('status_detail', ''), ('status_reason', '')), _connector='OR'), name='distribution_reason_of_status'),
        ),
        migrations.RunSQL(MOVES, REMOVE),
    ]
