"""A channel may give so many codes a day; and what was given of all limits a day is counted."""

import django.db.models.functions.datetime
from django.db import migrations, models

# What was counted under another limit, or while there was none, counts no more: the next code counts the day anew. Of all
# that are counted for a day, too, where the day is another by a new time zone.
COUNT_ANEW = """
CREATE FUNCTION channels_count_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM staff_dayuse
     WHERE OLD.time_zone <> NEW.time_zone
        OR kind = 'channel' AND OLD.channel_limits->subject IS DISTINCT FROM NEW.channel_limits->subject;
    RETURN NULL;
END $$;
CREATE TRIGGER channels_count_anew AFTER UPDATE OF channel_limits, time_zone ON staff_projectsettings FOR EACH ROW
    WHEN (OLD.channel_limits <> NEW.channel_limits OR OLD.time_zone <> NEW.time_zone) EXECUTE FUNCTION channels_count_anew();
"""
REMOVE = """
DROP TRIGGER channels_count_anew ON staff_projectsettings;
DROP FUNCTION channels_count_anew();
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
            name='DayUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('campaign', 'Campaign'), ('api_key', 'API key'), ('channel', 'Channel')], max_length=8)),
                ('subject', models.CharField(max_length=100)),
                ('day', models.DateField(null=True)),
                ('used', models.PositiveBigIntegerField(db_default=0, default=0)),
                ('since', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('kind', 'subject'), name='day_use_once'), models.CheckConstraint(condition=models.Q(('kind__in', ['campaign', 'api_key', 'channel'])), name='day_use_kind_known')],
            },
        ),
        migrations.RunSQL(COUNT_ANEW, REMOVE),
    ]
