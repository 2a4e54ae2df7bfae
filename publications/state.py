"""What became of a publication, in the words of the pages."""

from __future__ import annotations

from publications.models import Publication, Redemption

# The key of an attempt's failure, what its message tells besides ("": whatever it is), and the words for both.
REASONS = (
    ("no_voucher_suitable_for_publication", "expired", "Expired"),
    ("no_voucher_suitable_for_publication", "create", "No new codes"),
    ("no_voucher_suitable_for_publication", "", "Pool empty"),
    ("voucher_already_published", "", "Already published"),
    ("voucher_cannot_be_published", "expired", "Expired"),
    ("voucher_cannot_be_published", "disabled", "Disabled"),
    ("voucher_cannot_be_published", "joined", "Already joined"),
    ("voucher_cannot_be_published", "retired", "Retired"),
    ("voucher_cannot_be_published", "held back", "Held back"),
    ("voucher_cannot_be_published", "used up", "Used up"),
    ("voucher_cannot_be_published", "", "Not publishable"),
    ("voucher_disabled", "", "Disabled"),
    ("voucher_not_active", "", "Not started"),
    ("voucher_expired", "", "Expired"),
    ("quantity_exceeded", "", "Used up"),
    ("gift_amount_exceeded", "", "Balance too low"),
)


def state_of_publication(publication: Publication, *, some_released: bool) -> str:
    """`some_released`: a code of it was released; one whose codes all are is voided."""
    if publication.result == Publication.Result.FAILURE:
        return "Failed"
    if publication.voided_at:
        return "Released"
    return "Partly released" if some_released else "Success"


def reason_of_failure(attempt: Publication | Redemption) -> str:
    """In two words; `failure_message` has the rest."""
    key, message = attempt.failure_code or "", attempt.failure_message or ""
    found = (words for code, told, words in REASONS if code == key and told in message)
    return next(found, key.replace("_", " ").capitalize())
