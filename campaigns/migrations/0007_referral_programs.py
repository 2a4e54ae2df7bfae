"""A customer joins a referral program once: so it is for the programs that there are, too."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0006_counts")]

    operations = [
        migrations.RunSQL(
            "UPDATE campaigns_campaign SET join_once = true WHERE kind = 'REFERRAL_PROGRAM' AND NOT join_once",
            migrations.RunSQL.noop,
        )
    ]
