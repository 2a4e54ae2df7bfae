"""Customers are found by later parts of their e-mail address."""

import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0008_stopped'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='customer',
            index=models.Index(django.contrib.postgres.indexes.OpClass(models.Func(django.db.models.functions.text.Lower(models.F('email')), models.Value('[^.@_+-]+@.*$'), function='substring', output_field=models.TextField()), 'text_pattern_ops'), condition=models.Q(('email__regex', '[._+-][^@]*@')), name='customer_email_part_prefix'),
        ),
        migrations.AddIndex(
            model_name='customer',
            index=models.Index(django.contrib.postgres.indexes.OpClass(models.Func(django.db.models.functions.text.Lower(models.F('email')), models.Value('@.*$'), function='substring', output_field=models.TextField()), 'text_pattern_ops'), name='customer_email_domain_prefix'),
        ),
    ]
