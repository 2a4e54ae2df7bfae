"""What keys that see unpublished codes masked may learn of them: nothing but that there are such codes.

A code that could be told from its neighbours in a sorted list, or by whether a guess of it is found, would be narrowed
down call by call. So to every key but those of scope `all` no unpublished code answers to its text, and nothing stands
in the order of what is masked. By its `v_…` id it is found, and masked. (docs/api.md, "Keys"; ADR 0006)
"""

from __future__ import annotations

from django.db.models import Q

from campaigns.codes.mask import mask
from campaigns.codes.models import Voucher
from campaigns.codes.queries.find import VoucherNotFound, find_voucher
from config.api import conditions as by
from config.api.auth import Key
from config.api.limits.guesses import count_miss, refuse_guessers


def shown_code(voucher: Voucher, key: Key) -> str:
    return voucher.code if voucher.published_at or key.may_all else mask(voucher.code)


def find_voucher_for(key: Key, reference: str) -> Voucher:
    """By a code that this key may see, else by `v_…` id, with `campaign` set. Raises VoucherNotFound."""
    refuse_guessers(key)
    try:
        return find_voucher(reference, published=not key.may_all)
    except VoucherNotFound:
        count_miss(key)
        raise


def visible(key: Key, voucher: str = "") -> Q:
    """Those whose codes the key may see. `voucher`: "voucher__" where the rows are of something that has a voucher."""
    return Q() if key.may_all else Q(**{f"{voucher}published_at__isnull": False})


def code_filter(key: Key) -> by.Field:
    """Of vouchers. A masked code is like no text that a condition names."""
    plain = by.text("code")
    if key.may_all:
        return plain

    def q(condition: by.Condition) -> Q:
        found = plain.q(condition)
        if condition.op in by.PRESENCE:
            return found
        if condition.op in by.NEGATED:
            return found | Q(published_at__isnull=True)
        return found & visible(key)

    return plain._replace(q=q)


def voucher_code_filter(key: Key) -> by.Field:
    """Of rows that have a voucher. Whole codes are looked up first, so that the voucher's index finds its rows."""
    of_codes = code_filter(key)

    def q(condition: by.Condition) -> Q:
        if condition.op in by.PRESENCE:
            return Q(voucher__isnull=condition.op == "$is_unknown")
        if condition.op in by.WHOLE:
            named = Voucher.objects.filter(of_codes.q(condition._replace(op="$in"))).values_list("pk", flat=True)
            found = Q(voucher__in=list(named))
            return ~found if condition.op in by.NEGATED else found
        found = Q(voucher__in=Voucher.objects.filter(of_codes.q(condition)).values("pk"))
        return found | Q(voucher__isnull=True) if condition.op in by.NEGATED else found

    return of_codes._replace(q=q)
