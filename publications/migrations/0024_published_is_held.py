from django.db import migrations


class Migration(migrations.Migration):
    """Released codes are no longer counted as published: the worker counts all days anew, and pages for themselves until
    it has."""

    dependencies = [("publications", "0023_dead_codes")]

    operations = [
        migrations.RunSQL(
            "DELETE FROM publications_daytally; UPDATE publications_tallyprogress SET counted_up_to = 0",
            migrations.RunSQL.noop,
        )
    ]
