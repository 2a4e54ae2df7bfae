"""Redemptions are found by the number of their order."""

import django.contrib.postgres.indexes
import django.db.models.fields.json
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0004_limits'),
        ('codes', '0009_search'),
        ('customers', '0009_search'),
        ('redemptions', '0004_transactions'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='redemption',
            index=django.contrib.postgres.indexes.HashIndex(django.db.models.fields.json.KeyTransform('source_id', 'order'), condition=models.Q(('order__isnull', False)), name='redemption_of_order'),
        ),
    ]
