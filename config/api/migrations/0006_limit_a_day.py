"""An API key may publish so many codes a day."""

from django.db import migrations, models

SET_LIMIT = """
CREATE FUNCTION api_key_sets_limit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_limit('api_key:' || NEW.id, NEW.codes_per_day);
    RETURN NULL;
END $$;
CREATE TRIGGER api_key_with_limit AFTER INSERT ON api_apikey FOR EACH ROW
    WHEN (NEW.codes_per_day IS NOT NULL) EXECUTE FUNCTION api_key_sets_limit();
CREATE TRIGGER api_key_sets_limit AFTER UPDATE OF codes_per_day ON api_apikey FOR EACH ROW
    WHEN (OLD.codes_per_day IS DISTINCT FROM NEW.codes_per_day) EXECUTE FUNCTION api_key_sets_limit();
"""
REMOVE = """
DROP TRIGGER api_key_sets_limit ON api_apikey;
DROP TRIGGER api_key_with_limit ON api_apikey;
DROP FUNCTION api_key_sets_limit();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('staff', '0008_limits'),
        ('api', '0005_alerts_warn_of_expiry'),
    ]

    operations = [
        migrations.AddField(
            model_name='apikey',
            name='codes_per_day',
            field=models.PositiveIntegerField(editable=False, null=True),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=models.Q(('codes_per_day', None), ('codes_per_day__gte', 1), _connector='OR'), name='api_key_codes_per_day_positive'),
        ),
        migrations.RunSQL(SET_LIMIT, REMOVE),
    ]
