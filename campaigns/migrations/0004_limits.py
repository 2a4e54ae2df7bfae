"""A campaign gives so many codes a customer, and so many a day."""

from django.db import migrations, models

# What was counted under another limit, or while there was none, counts no more: the next code counts the day anew.
COUNT_ANEW = """
CREATE FUNCTION campaign_counts_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM staff_dayuse WHERE kind = 'campaign' AND subject = NEW.id::text;
    RETURN NULL;
END $$;
CREATE TRIGGER campaign_counts_anew AFTER UPDATE OF codes_per_day ON campaigns_campaign FOR EACH ROW
    WHEN (OLD.codes_per_day IS DISTINCT FROM NEW.codes_per_day) EXECUTE FUNCTION campaign_counts_anew();
"""
REMOVE = """
DROP TRIGGER campaign_counts_anew ON campaigns_campaign;
DROP FUNCTION campaign_counts_anew();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('staff', '0008_limits_a_day'),
        ('campaigns', '0003_stopped'),
    ]

    operations = [
        migrations.AddField(
            model_name='campaign',
            name='codes_per_customer',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='campaign',
            name='codes_per_day',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name='campaign',
            index=models.Index(condition=models.Q(('codes_per_customer__isnull', False), ('codes_per_day__isnull', False), _connector='OR'), fields=['id'], name='campaign_limited'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(('codes_per_customer', None), ('codes_per_customer__gte', 1), _connector='OR'), name='campaign_codes_per_customer_positive'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(('codes_per_day', None), ('codes_per_day__gte', 1), _connector='OR'), name='campaign_codes_per_day_positive'),
        ),
        migrations.RunSQL(COUNT_ANEW, REMOVE),
    ]
