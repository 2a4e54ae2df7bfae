"""The quarantine. In a database that `restore_database` has filled from an older backup it is open at once."""

import django.db.models.functions.datetime
from django.db import migrations, models

# One at a time. Read by every statement that publishes (config/quarantine.py).
ONE_AT_A_TIME = """
CREATE UNIQUE INDEX quarantine_one_at_a_time ON config_quarantine ((true)) WHERE ended_at IS NULL;
"""
# Left by `restore_database` where the backup had no table of quarantines yet (config/runtime/restore.py).
OPEN_AFTER_A_RESTORE = """
DO $$ BEGIN
    IF to_regclass('handout_restored') IS NOT NULL THEN
        INSERT INTO config_quarantine (cause, lost_since) SELECT 'restore', lost_since FROM handout_restored;
        DROP TABLE handout_restored;
    END IF;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('config', '0008_refuse_disabled'),
    ]

    operations = [
        migrations.CreateModel(
            name='Quarantine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('actor_kind', models.CharField(db_default='system', max_length=16)),
                ('actor_id', models.BigIntegerField(null=True)),
                ('actor_label', models.CharField(db_default='', max_length=200)),
                ('cause', models.CharField(choices=[('restore', 'A backup was restored'), ('failover', 'The last moments of the database were lost')], max_length=10)),
                ('lost_since', models.DateTimeField()),
                ('opened_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('prepared_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('ended_by', models.CharField(db_default='', default='', max_length=200)),
            ],
            options={
                'ordering': ['-opened_at', '-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('ended_at', None), ('prepared_at__isnull', False), _connector='OR'), name='quarantine_ends_prepared')],
            },
        ),
        migrations.RunSQL(ONE_AT_A_TIME, migrations.RunSQL.noop),
        migrations.RunSQL(OPEN_AFTER_A_RESTORE, migrations.RunSQL.noop),
    ]
