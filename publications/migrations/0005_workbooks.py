"""Workbooks are uploaded as they are; one of their sheets is imported."""

import config.stored_files
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("publications", "0004_how_a_file_is_read")]
    operations = [
        migrations.AddField(
            model_name="publicationimport",
            name="sheet",
            field=models.CharField(db_default="", default="", max_length=255),
        ),
        migrations.AddField(
            model_name="publicationimport",
            name="sheets",
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list),
        ),
        migrations.AddField(
            model_name="publicationimport",
            name="workbook",
            field=models.FileField(null=True, storage=config.stored_files.files, upload_to="imports/%Y/%m"),
        ),
    ]
