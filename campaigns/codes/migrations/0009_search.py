"""Published codes are found by their last characters."""

import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0004_limits'),
        ('codes', '0008_undo'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='voucher',
            index=models.Index(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Reverse('code'), 'text_pattern_ops'), condition=models.Q(('published_at__isnull', False)), name='voucher_code_suffix'),
        ),
    ]
