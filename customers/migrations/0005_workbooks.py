"""Workbooks are uploaded as they are; one of their sheets is imported."""

import config.stored_files
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0004_how_a_file_is_read")]
    operations = [
        migrations.AddField(
            model_name="customerimport",
            name="sheet",
            field=models.CharField(db_default="", default="", max_length=255),
        ),
        migrations.AddField(
            model_name="customerimport",
            name="sheets",
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list),
        ),
        migrations.AddField(
            model_name="customerimport",
            name="workbook",
            field=models.FileField(null=True, storage=config.stored_files.files, upload_to="imports/%Y/%m"),
        ),
        migrations.AddField(
            model_name="customerimport",
            name="match_by_email",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.CreateModel(
            name="MarketingRefusal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("actor_kind", models.CharField(db_default="system", max_length=16)),
                ("actor_id", models.BigIntegerField(null=True)),
                ("actor_label", models.CharField(db_default="", max_length=200)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="marketing_refusals",
                        to="customers.customer",
                    ),
                ),
            ],
            options={"ordering": ["-pk"]},
        ),
    ]
