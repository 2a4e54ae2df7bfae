from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("publications", "0019_reasons")]

    operations = [
        migrations.AddIndex(
            model_name="publication",
            index=models.Index(fields=["channel", "-created_at", "-id"], name="publication_of_channel"),
        ),
        migrations.AddIndex(
            model_name="publication",
            index=models.Index(
                fields=["-created_at", "-id"], name="publication_newest_failed", condition=models.Q(result="FAILURE")
            ),
        ),
    ]
