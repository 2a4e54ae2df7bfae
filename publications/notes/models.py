"""What staff write down about a code, a customer or a publication, for whoever looks at it next."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from campaigns.codes.models import Voucher
from config.acted_by import ActedBy
from customers.models import Customer
from publications.models import Publication

LONGEST = 1_000  # characters
MOST = 50  # on one thing

ON = ("voucher", "customer", "publication")
FIELD_OF = {Voucher: "voucher", Customer: "customer", Publication: "publication"}


def _about(field: str) -> Q:
    return Q(**{f"{other}__isnull": other != field for other in ON})


class Note(ActedBy):
    """A note on exactly one thing; the actor wrote it. It is never edited, only deleted.

    Erasing a customer deletes the notes on them, on their publications and on the codes that they hold or held.
    """

    created_at = models.DateTimeField(db_default=Now())
    text = models.CharField(max_length=LONGEST)
    voucher = models.ForeignKey(Voucher, models.CASCADE, null=True, related_name="notes", db_index=False)
    customer = models.ForeignKey(Customer, models.CASCADE, null=True, related_name="notes", db_index=False)
    publication = models.ForeignKey(Publication, models.CASCADE, null=True, related_name="notes", db_index=False)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=[field], name=f"note_on_{field}", condition=Q(**{f"{field}__isnull": False}))
            for field in ON
        ]
        constraints = [
            models.CheckConstraint(
                name="note_on_one_thing", condition=_about("voucher") | _about("customer") | _about("publication")
            ),
            models.CheckConstraint(name="note_not_empty", condition=~Q(text="")),
        ]

    def __str__(self) -> str:
        return f"Note on {self.about.public_id}"

    @property
    def about(self) -> Voucher | Customer | Publication:
        about = self.voucher or self.customer or self.publication
        assert about is not None  # the constraint note_on_one_thing
        return about
