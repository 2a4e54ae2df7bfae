"""The first members of a segment are kept unpacked: packing a million keys takes six times as long as writing them down."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("segments", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE segments_firstmembers ALTER COLUMN customers SET STORAGE EXTERNAL",
            "ALTER TABLE segments_firstmembers ALTER COLUMN customers SET STORAGE EXTENDED",
        )
    ]
