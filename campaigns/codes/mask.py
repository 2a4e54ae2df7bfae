"""How an unpublished code is shown: enough to tell two rows apart, not enough to use."""

from django.db.models import Case, CharField, Value, When
from django.db.models.functions import Concat, Length, Right
from django.db.models.lookups import GreaterThanOrEqual

HIDDEN = "••••••"


def mask(code: str) -> str:
    """`mask("ROAST-99C9-TNEZ")` -> "••••••EZ". Hides the length as well; codes of fewer than 8 characters show nothing."""
    return HIDDEN + (code[-2:] if len(code) >= 8 else "")


def masked(field: str) -> Case:
    """The same in SQL, for reports: `masked("code")` is the masked text of that field, NULL where it is NULL."""
    long_enough = GreaterThanOrEqual(Length(field), 8)
    return Case(
        When(long_enough, then=Concat(Value(HIDDEN), Right(field, 2))),
        When(**{f"{field}__isnull": False}, then=Value(HIDDEN)),
        output_field=CharField(),
    )
