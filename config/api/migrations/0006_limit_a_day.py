"""An API key may publish so many codes a day."""

from django.db import migrations, models

# What was counted under another limit, or while there was none, counts no more: the next code counts the day anew.
COUNT_ANEW = """
CREATE FUNCTION api_key_counts_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM staff_dayuse WHERE kind = 'api_key' AND subject = NEW.id::text;
    RETURN NULL;
END $$;
CREATE TRIGGER api_key_counts_anew AFTER UPDATE OF codes_per_day ON api_apikey FOR EACH ROW
    WHEN (OLD.codes_per_day IS DISTINCT FROM NEW.codes_per_day) EXECUTE FUNCTION api_key_counts_anew();
"""
REMOVE = """
DROP TRIGGER api_key_counts_anew ON api_apikey;
DROP FUNCTION api_key_counts_anew();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('staff', '0008_limits_a_day'),
        ('api', '0005_alerts_warn_of_expiry'),
    ]

    operations = [
        migrations.AddField(
            model_name='apikey',
            name='codes_per_day',
            field=models.PositiveIntegerField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name='apikey',
            index=models.Index(condition=models.Q(('codes_per_day__isnull', False)), fields=['id'], name='api_key_limited'),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=models.Q(('codes_per_day', None), ('codes_per_day__gte', 1), _connector='OR'), name='api_key_codes_per_day_positive'),
        ),
        migrations.RunSQL(COUNT_ANEW, REMOVE),
    ]
