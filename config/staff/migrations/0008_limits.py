"""Limits of codes in one table; those of channels are set in the project's settings."""

import django.db.models.functions.datetime
from django.db import migrations, models

# Called by the triggers of whatever has a limit. A limit that is another one counts its day anew.
SET_LIMIT = """
CREATE FUNCTION set_limit(of_subject text, to_most bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF to_most IS NULL THEN
        DELETE FROM staff_limit WHERE subject = of_subject;
    ELSE
        INSERT INTO staff_limit (subject, most) VALUES (of_subject, to_most)
            ON CONFLICT (subject) DO UPDATE SET most = excluded.most, day = NULL WHERE staff_limit.most <> excluded.most;
    END IF;
END $$;

CREATE FUNCTION settings_set_limits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_limit('channel:' || name, (NEW.channel_limits->>name)::bigint)
       FROM (SELECT jsonb_object_keys(OLD.channel_limits) UNION SELECT jsonb_object_keys(NEW.channel_limits)) AS channel (name)
      ORDER BY name COLLATE "C";
    IF OLD.time_zone <> NEW.time_zone THEN  -- what was counted was another day
        UPDATE staff_limit SET day = NULL;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER settings_set_limits AFTER UPDATE OF channel_limits, time_zone ON staff_projectsettings FOR EACH ROW
    WHEN (OLD.channel_limits <> NEW.channel_limits OR OLD.time_zone <> NEW.time_zone)
    EXECUTE FUNCTION settings_set_limits();
"""
REMOVE = """
DROP TRIGGER settings_set_limits ON staff_projectsettings;
DROP FUNCTION settings_set_limits();
DROP FUNCTION set_limit(text, bigint);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('staff', '0007_backups'),
    ]

    operations = [
        migrations.AddField(
            model_name='projectsettings',
            name='channel_limits',
            field=models.JSONField(blank=True, db_default={}, default=dict, verbose_name='codes per day, by channel'),
        ),
        migrations.CreateModel(
            name='Limit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(max_length=120, unique=True)),
                ('most', models.PositiveIntegerField()),
                ('day', models.DateField(null=True)),
                ('used', models.PositiveBigIntegerField(db_default=0, default=0)),
                ('since', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('most__gte', 1)), name='limit_positive'), models.CheckConstraint(condition=models.Q(('subject__regex', '^(customers|campaign|api_key|channel):.')), name='limit_kind_known')],
            },
        ),
        migrations.RunSQL(SET_LIMIT, REMOVE),
    ]
