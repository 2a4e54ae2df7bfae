"""The columns of the file that tells what became of each code."""

from __future__ import annotations

from functools import partial

from django.db.models import Case, CharField, Value, When

from config.imports.kinds import Code, Column, PublicId, Time
from config.public_ids import PUBLICATION, VOUCHER
from publications.exports.columns import shown_code
from publications.recalls.models import Outcome

OUTCOME_IN_WORDS = Case(
    *(When(outcome=outcome.value, then=Value(outcome.label)) for outcome in Outcome), output_field=CharField()
)

COLUMNS = [
    Column("Code", shown_code("voucher__code", "voucher__published_at"), Code),
    Column("Code ID", "voucher_id", partial(PublicId, prefix=VOUCHER)),
    Column("Campaign", "voucher__campaign__name"),
    Column("Outcome", OUTCOME_IN_WORDS),
    Column("When", "at", Time),
    Column("New publication", "publication_id", partial(PublicId, prefix=PUBLICATION)),
]
