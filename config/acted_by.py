"""The columns that say who did it."""

from __future__ import annotations

from django.db import models


class ActedBy(models.Model):
    """Who did it, as it was then: the label stays when the user or key is renamed or gone."""

    actor_kind = models.CharField(max_length=16, db_default="system")  # user, api_key, run, system
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=200, db_default="")

    class Meta:
        abstract = True
