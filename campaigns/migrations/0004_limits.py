"""A campaign gives so many codes a customer, and so many a day."""

from django.db import migrations, models

SET_LIMITS = """
CREATE FUNCTION campaign_sets_limits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_limit('campaign:' || NEW.id, NEW.codes_per_day);
    PERFORM set_limit('customers:' || NEW.id, NEW.codes_per_customer);
    RETURN NULL;
END $$;
CREATE TRIGGER campaign_with_limits AFTER INSERT ON campaigns_campaign FOR EACH ROW
    WHEN (NEW.codes_per_day IS NOT NULL OR NEW.codes_per_customer IS NOT NULL) EXECUTE FUNCTION campaign_sets_limits();
CREATE TRIGGER campaign_sets_limits AFTER UPDATE OF codes_per_day, codes_per_customer ON campaigns_campaign FOR EACH ROW
    WHEN (OLD.codes_per_day IS DISTINCT FROM NEW.codes_per_day
          OR OLD.codes_per_customer IS DISTINCT FROM NEW.codes_per_customer)
    EXECUTE FUNCTION campaign_sets_limits();
"""
REMOVE = """
DROP TRIGGER campaign_sets_limits ON campaigns_campaign;
DROP TRIGGER campaign_with_limits ON campaigns_campaign;
DROP FUNCTION campaign_sets_limits();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('staff', '0008_limits'),
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
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(('codes_per_customer', None), ('codes_per_customer__gte', 1), _connector='OR'), name='campaign_codes_per_customer_positive'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(('codes_per_day', None), ('codes_per_day__gte', 1), _connector='OR'), name='campaign_codes_per_day_positive'),
        ),
        migrations.RunSQL(SET_LIMITS, REMOVE),
    ]
