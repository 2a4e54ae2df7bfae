"""What became of a publication, in the words of the pages."""

from __future__ import annotations

from typing import Protocol

from publications.models import Publication


class Failed(Protocol):
    """A publication or redemption that was tried in vain."""

    failure_code: str | None
    failure_message: str | None


def state_of_publication(publication: Publication, *, some_released: bool) -> str:
    """`some_released`: a code of it was released; one whose codes all are is voided."""
    if publication.result == Publication.Result.FAILURE:
        return "Failed"
    if publication.voided_at:
        return "Released"
    return "Partly released" if some_released else "Success"
