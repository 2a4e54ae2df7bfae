"""Attempts may fail for a limit of codes."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('publications', '0007_settling'),
    ]

    operations = [
        migrations.AlterField(
            model_name='publication',
            name='failure_reason',
            field=models.CharField(choices=[('pool_empty', 'Pool empty'), ('no_new_codes', 'No new codes'), ('campaign_expired', 'Campaign expired'), ('campaign_disabled', 'Campaign disabled'), ('already_published', 'Already published'), ('already_joined', 'Already joined'), ('code_expired', 'Code expired'), ('code_disabled', 'Code disabled'), ('retired', 'Retired'), ('held_back', 'Held back'), ('used_up', 'Used up'), ('customer_limit', 'Customer’s limit reached'), ('campaign_limit', 'Campaign’s limit for the day reached'), ('key_limit', 'API key’s limit for the day reached'), ('channel_limit', 'Channel’s limit for the day reached'), ('other', 'Other')], db_default='', default='', max_length=20),
        ),
    ]
