"""The global search: codes, public ids, campaigns and customers, each through its own index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat, Reverse
from django.urls import reverse

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.public_ids import CAMPAIGN, CUSTOMER, DISTRIBUTION, EXPORT, PUBLICATION, SEGMENT, VOUCHER, key_of
from customers.models import Customer
from customers.queries.phones import is_same
from customers.queries.search import search as search_customers
from customers.segments.models import Segment
from publications.distributions.models import Distribution
from publications.exports.models import Export
from publications.models import Publication
from publications.queries.history import with_holders
from publications.redemptions.queries.find_typed import find_typed
from publications.redemptions.queries.history import codes_of_order, find_redemption

SHOWN = 8  # of each kind
FEWEST_AT_THE_END = 4  # letters and digits
LONGEST_END = 12  # that a dash is added to
FEWEST_OF_CODE = 6  # letters and digits
LOOKED_AT = 20_000  # codes with this beginning; there may be millions, and none of them published
LOOKED_AT_BY_END = 200  # all of them published; only deleted ones fall away
PAGES = {
    CAMPAIGN: (Campaign, "dashboard:campaign"),
    VOUCHER: (Voucher, "dashboard:code"),
    CUSTOMER: (Customer, "dashboard:customer"),
    PUBLICATION: (Publication, "publications:publication"),
    EXPORT: (Export, "exports:export"),
    SEGMENT: (Segment, "segments:segment"),
    DISTRIBUTION: (Distribution, "distributions:distribution"),
}


class Found(NamedTuple):
    """Lists of at most SHOWN + 1: one more tells that there are more."""

    codes: list[Voucher]
    campaigns: list[Campaign]
    customers: list[Customer]
    publications: list[Publication]
    order: str = ""  # what was typed, where it is the number of an order that codes were used for


def page_of_id(text: str) -> str | None:
    """The address of what has this public id."""
    for prefix, (model, url_name) in PAGES.items():
        if (key := key_of(prefix, text)) is not None and model._default_manager.filter(pk=key).exists():
            return reverse(url_name, args=[key])
    if redemption := find_redemption(text):
        # It stands in the timeline of its code; what several codes were redeemed by, in that of the first. An attempt to
        # roll those back that failed has no codes of its own.
        stack = redemption.undoes or redemption
        codes = stack.children.order_by("pk").values_list("voucher_id", flat=True)
        if voucher_id := redemption.voucher_id or codes.first():
            return reverse("dashboard:code", args=[voucher_id])
    return None


def page_of_exact_hit(found: Found, text: str) -> str | None:
    """The address of the only thing that was found, if `text` is all of its code, e-mail, source ID or phone number."""
    if len(found.codes) + len(found.campaigns) + len(found.customers) + len(found.publications) != 1:
        return None
    exact: list[Voucher | Customer] = [code for code in found.codes if found.order or bare(code.code) == bare(text)]
    if found.publications:  # by all of its source_id
        return found.publications[0].get_absolute_url()
    exact += [
        one
        for one in found.customers
        if text.lower() in (one.email.lower(), (one.source_id or "").lower()) or is_same(one.phone, text)
    ]
    return exact[0].get_absolute_url() if exact else None


def bare(code: str) -> str:
    return "".join(character for character in code.upper() if character.isalnum())


def _may_be_code(text: str) -> bool:
    """Worth a look for what differs from it in blanks, dashes and letters that look alike."""
    return len(bare(text)) >= FEWEST_OF_CODE and "@" not in text


def _endings(text: str) -> set[str]:
    """How a code may end that somebody reads so: as typed, or with the one dash that was left out or read as a blank."""
    endings = {text}
    spelled = "".join(character for character in text if character.isalnum())
    if len(spelled) <= LONGEST_END:
        endings |= {spelled} | {f"{spelled[:place]}-{spelled[place:]}" for place in range(1, len(spelled))}
    return endings | {end.upper() for end in endings}


def _that_end_so(codes: QuerySet[Voucher], text: str, *, but: Sequence[Voucher]) -> list[Voucher]:
    """Published ones by their last characters, as somebody reads them off a receipt."""
    published = Voucher.objects.alias(_reversed=Reverse("code")).filter(published_at__isnull=False)
    # Their keys first: as a part of the other query, the planner would rather read every code than join some. Each ending has
    # a look into the index of its own: of many at once it may make one walk past all codes.
    first, *rest = (
        published.filter(_reversed__startswith=end[::-1]).order_by().values_list("pk", flat=True)[:LOOKED_AT_BY_END]
        for end in sorted(_endings(text))
    )
    some = set(first.union(*rest, all=True))
    ending = codes.filter(pk__in=some - {code.pk for code in but}) if some else codes.none()
    return list(with_holders(ending)[: SHOWN + 1 - len(but)])


def search_everything(text: str, *, reveals: bool) -> Found:
    """What begins with `text`: published codes (a whole one also with other blanks and dashes, or by its
    last four characters or more), the codes that an order of this number was paid with, customers (also by a phone number
    in any form), campaigns (also a word inside the name).

    A masked code is found only by all of it: a beginning that finds it would let one feel one's way along it. Readers
    who see no code in clear (`reveals` False) find published codes that way, or by an order, and no other. Publications are found by
    their source_id.
    """
    upper = text.upper()
    whole = Q(code__in=[text, upper])
    beginning = Q(code__startswith=text) | Q(code__startswith=upper)
    codes = Voucher.objects.filter(deleted_at=None).select_related("campaign").order_by("code")
    if not reveals:
        codes = codes.filter(published_at__isnull=False)
    found = list(with_holders(codes.filter(whole))[:SHOWN])
    if reveals and len(found) <= SHOWN:
        begins = Voucher.objects.filter(beginning).order_by().values("pk")[:LOOKED_AT]
        begun = codes.filter(pk__in=begins, published_at__isnull=False).exclude(pk__in=[code.pk for code in found])
        # By what no index is in the order of: else the planner may walk down all codes, to meet some of these on its way.
        found += with_holders(begun).order_by(Concat("code", Value("")))[: SHOWN + 1 - len(found)]
    if reveals and len(found) <= SHOWN and len(bare(text)) >= FEWEST_AT_THE_END:
        found += _that_end_so(codes, text, but=found)
    ordered = codes_of_order(text, most=SHOWN + 1 - len(found)) if len(found) <= SHOWN else []
    used = codes.filter(pk__in=ordered).exclude(pk__in=[code.pk for code in found])
    found += with_holders(used)[: SHOWN + 1 - len(found)] if ordered else []
    if not found and _may_be_code(text) and (meant := find_typed(text, sees_unpublished=False)):
        found = list(with_holders(codes.filter(pk=meant.pk)))
    campaigns = Campaign.objects.live()
    for word in text.split():
        campaigns = campaigns.filter(name__icontains=word)
    return Found(
        codes=found,
        order=text if ordered else "",
        campaigns=list(campaigns.order_by("-created_at", "-id")[: SHOWN + 1]),
        customers=list(
            search_customers(Customer.objects.live(), text, bounded=True).order_by("-created_at", "-id")[: SHOWN + 1]
        ),
        publications=list(
            Publication.objects.filter(
                source_id__in={text, upper, text.lower()}, result=Publication.Result.SUCCESS
            ).select_related("campaign")[:1]
        ),
    )
