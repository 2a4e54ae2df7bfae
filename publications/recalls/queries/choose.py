"""Which codes a recall is for: chosen in a list, found by a filter, pasted, or all of a hand-out, distribution, import or customer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from campaigns.codes.models import CodeImport, Voucher
from campaigns.codes.queries.find import vouchers_to_see
from campaigns.models import Campaign
from campaigns.pages.filters import CodeFilter
from config.public_ids import VOUCHER, key_of
from publications.models import PublishedVoucher
from publications.pages.filters import CampaignCodeFilter
from publications.queries.holder import held_by
from publications.recalls.actions.draft_recall import MOST
from publications.recalls.models import Recall

Source = Recall.Source
MOST_PASTED = 20_000  # codes


class FilterUnclear(ValueError):
    """A part of the filter was not understood; without it more would be found than was meant."""


class UnknownCodes(ValueError):
    """Of a pasted list, those that are no codes of ours."""

    def __init__(self, codes: Sequence[str]) -> None:
        self.codes = codes
        super().__init__(f"{len(codes):,} of them are not codes of this project")


class TooManyPasted(ValueError):
    def __init__(self) -> None:
        super().__init__(f"Paste at most {MOST_PASTED:,} codes at a time.")


def ticked(ids: Iterable[str]) -> list[int]:
    """The keys of those that exist."""
    wanted = [key for text in ids if (key := key_of(VOUCHER, text))]
    return list(vouchers_to_see().filter(pk__in=wanted).values_list("pk", flat=True))


def found_by(filters: Mapping[str, Any], *, campaign: Campaign | None = None, reveals: bool = True) -> Iterable[int]:
    """All that the list of codes (of the campaign) shows under this query string, looking through all of them. `reveals`:
    to a reader who sees codes. Raises FilterUnclear."""
    codes: CodeFilter
    if campaign is None:
        codes = CodeFilter(filters, vouchers_to_see(), reveals=reveals, whole=True)
    else:
        of_campaign = Voucher.objects.filter(campaign=campaign, deleted_at=None).select_related("campaign")
        codes = CampaignCodeFilter(filters, of_campaign, reveals=reveals, whole=True)
    if not codes.is_valid():
        raise FilterUnclear("A filter was not understood. Correct it, then choose again.")
    return _keys(codes.qs.order_by())


def pasted(text: str) -> list[int]:
    """One code a line, or apart by blanks, commas or semicolons. Raises UnknownCodes and TooManyPasted."""
    codes = list(dict.fromkeys(text.replace(",", " ").replace(";", " ").split()))
    if len(codes) > MOST_PASTED:
        raise TooManyPasted
    found = dict(vouchers_to_see().filter(code__in=codes).values_list("code", "pk"))
    if unknown := [code for code in codes if code not in found]:
        raise UnknownCodes(unknown)
    return list(found.values())


def all_of(source: Source, key: int) -> Iterable[int]:
    """The codes of a hand-out (the key of its publication), a distribution, an import or a customer that somebody may
    still use."""
    if source == Source.CUSTOMER:
        return held_by([key]).values_list("voucher", flat=True)[: MOST + 1].iterator(chunk_size=10_000)
    if source == Source.IMPORT:
        done = CodeImport.objects.filter(pk=key).first()
        if done is None or done.first_id is None:
            return []
        return _keys(Voucher.objects.filter(pk__range=(done.first_id, done.last_id), import_id=key, deleted_at=None))
    live = PublishedVoucher.objects.filter(released_at=None)
    if source == Source.HAND_OUT:
        live = live.filter(publication=key)
    else:
        live = live.filter(publication__actor_kind="run", publication__actor_id=key)
    return live.order_by().values_list("voucher", flat=True)[: MOST + 1].iterator(chunk_size=10_000)


def _keys(vouchers: QuerySet[Voucher]) -> Iterable[int]:
    return vouchers.order_by().values_list("pk", flat=True)[: MOST + 1].iterator(chunk_size=10_000)
