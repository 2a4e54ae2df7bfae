from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [("config", "0004_api_calls")]

    operations = [
        migrations.CreateModel(
            name="Outbox",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=64)),
                ("object_key", models.BigIntegerField()),
                ("created_at", models.DateTimeField(db_default=Now())),
            ],
            options={"verbose_name_plural": "outbox"},
        )
    ]
