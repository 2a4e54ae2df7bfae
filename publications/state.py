"""What became of a publication, in the words of the pages."""

from __future__ import annotations

from publications.models import Publication

REASONS = {
    "no_voucher_suitable_for_publication": "Pool empty",
    "voucher_already_published": "Already published",
    "voucher_cannot_be_published": "Not publishable",
}


def state_of_publication(publication: Publication, *, some_released: bool) -> str:
    """`some_released`: a code of it was released; one whose codes all are is voided."""
    if publication.result == Publication.Result.FAILURE:
        return "Failed"
    if publication.voided_at:
        return "Released"
    return "Partly released" if some_released else "Success"


def reason_of_failure(publication: Publication) -> str:
    """In two words; `failure_message` has the rest."""
    code = publication.failure_code or ""
    return REASONS.get(code) or code.replace("_", " ").capitalize()
