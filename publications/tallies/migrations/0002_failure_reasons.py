from django.db import migrations, models

# Failures are tallied anew, by reason: they are few, and have an index. Successes stay as they are.
BY_REASON = """
DELETE FROM tallies_daytally WHERE result = 'FAILURE';
INSERT INTO tallies_daytally (campaign_id, day, channel, result, reason, publications, codes, attempts)
SELECT CASE WHEN grouping(campaign_id) = 1 THEN 0 ELSE campaign_id END, day, channel, 'FAILURE', failure_reason,
       count(*), 0, sum(attempts)
  FROM (SELECT campaign_id, (created_at AT TIME ZONE progress.time_zone)::date AS day, channel, failure_reason, attempts
          FROM publications_publication
          JOIN tallies_tallyprogress progress ON publications_publication.id <= progress.counted_up_to
         WHERE result = 'FAILURE') AS failure
 GROUP BY GROUPING SETS ((campaign_id, day, channel, failure_reason), (day, channel, failure_reason))
HAVING grouping(campaign_id) = 1 OR campaign_id IS NOT NULL;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('tallies', '0001_initial'),
        ('publications', '0001_initial'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='daytally',
            name='day_tally_once',
        ),
        migrations.AddField(
            model_name='daytally',
            name='reason',
            field=models.CharField(db_default='', default='', max_length=20),
        ),
        migrations.RunSQL(BY_REASON, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name='daytally',
            index=models.Index(condition=models.Q(('result', 'FAILURE')), fields=['day'], name='day_tally_failures'),
        ),
        migrations.AddConstraint(
            model_name='daytally',
            constraint=models.UniqueConstraint(fields=('campaign_id', 'day', 'channel', 'result', 'reason'), name='day_tally_once'),
        ),
    ]
