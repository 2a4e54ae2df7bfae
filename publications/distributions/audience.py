"""Whom a run is for, and who of them is left out and why: the same reasons for the dry run, the list and the run itself."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Lower, NullIf

from customers.models import Customer
from customers.segments.queries.find_segments import in_segment
from publications.distributions.models import Delivery, Distribution, ListedRecipient, Unsubscribe
from publications.distributions.reasons import DeliveryReason as Reason
from publications.models import Publication, PublishedVoucher
from publications.queries.holder import of_holder

# What a mail server could take for one address. Anything else might be read as several, or as a header.
ONE_ADDRESS = r'^[^@[:space:][:cntrl:],;:<>()"\\]+@[^@[:space:][:cntrl:],;:<>()"\\]+$'  # as PostgreSQL reads it


# Of the ledger: rows of codes that nobody has used. In SQL: reminders.py.
UNUSED_ROWS = {
    "voucher__published_at__isnull": False,
    "voucher__redeemed_quantity": 0,
    "voucher__redeemed_amount": 0,
    "voucher__deleted_at": None,
}


def audience_of(distribution: Distribution) -> QuerySet[Customer]:
    """The live customers whom it is for, each once. Of an automatic one: none, it is told of them one by one; of a
    reminder they are the holders of its codes (reminders.py)."""
    customers = Customer.objects.live()
    match distribution.audience:
        case Distribution.Audience.CUSTOMER:
            return customers.filter(pk=distribution.customer_id or 0)
        case Distribution.Audience.SEGMENT if distribution.segment:
            return customers.filter(in_segment(distribution.segment))
        case Distribution.Audience.HOLDERS:
            held = PublishedVoucher.objects.filter(
                voucher__campaign=distribution.campaign_id, released_at=None, **UNUSED_ROWS
            )
            if distribution.chosen_codes:
                held = held.filter(voucher__in=distribution.listed_codes.values("voucher"))
            if distribution.segment:
                customers = customers.filter(in_segment(distribution.segment))
            return customers.filter(pk__in=held.values_list(of_holder(), flat=True))
        case Distribution.Audience.LIST:
            listed = ListedRecipient.objects.filter(distribution=distribution, customer=OuterRef("pk"))
            return customers.filter(Exists(listed))
    return customers.none()


def why_left_out(distribution: Distribution) -> Case:
    """An expression over Customer: why the customer gets nothing, "" where they are tried.

    That somebody has the same address as another recipient is not in it: that needs to know the others
    (`with_same_email_left_out`, and the run, which goes through them in order).
    """
    automatic = distribution.kind == Distribution.Kind.AUTOMATIC
    # What a rule gives was earned: the code is theirs, and only the message waits for an address (send_batch.py).
    reasons = [ERASED] if automatic and distribution.publishes else _why_unreachable(distribution)
    campaign = distribution.campaign if distribution.publishes else None
    if campaign and distribution.skip_holders:
        earlier = Delivery.objects.filter(
            customer=OuterRef("pk"), publication__isnull=False, distribution__campaign=campaign
        ).exclude(distribution=distribution)
        reasons.append(_when(Q(Exists(earlier)), Reason.IN_ANOTHER_RUN))
    if campaign and one_each(distribution):
        held = Publication.objects.filter(campaign=campaign, result=Publication.Result.SUCCESS, voided_at=None)
        settled = PublishedVoucher.objects.filter(publication__campaign=campaign, released_at=None)
        # Nobody's address is "", so those without one are compared with nothing.
        own = NullIf(Lower(OuterRef("email")), Value(""))
        reasons += [
            _when(Q(Exists(held.filter(customer=OuterRef("pk")))), Reason.HOLDS_A_CODE),
            _when(Q(Exists(settled.filter(settled_to=OuterRef("pk")))), Reason.HOLDS_A_CODE),
            _when(Q(Exists(held.alias(_mail=Lower("customer__email")).filter(_mail=own))), Reason.ADDRESS_HOLDS_A_CODE),
            _when(
                Q(Exists(settled.alias(_mail=Lower("settled_to__email")).filter(_mail=own))),
                Reason.ADDRESS_HOLDS_A_CODE,
            ),
        ]
    return _case(reasons)


def one_each(distribution: Distribution) -> bool:
    """Whether a person gets no second code of the campaign. Who shares an e-mail address is taken for one person."""
    campaign = distribution.campaign
    return campaign is not None and distribution.publishes and (distribution.skip_holders or campaign.join_once)


def by_address(distribution: Distribution) -> bool:
    """Whether of several recipients with one address only one is served. Of reminders each has a code of their own."""
    return not distribution.remind and (distribution.message == Distribution.Message.EMAIL or one_each(distribution))


def why_unreachable(distribution: Distribution) -> Case:
    """Of why_left_out, what forbids sending a message, also to somebody who has a code already."""
    return _case(_why_unreachable(distribution))


def with_same_email_left_out(distribution: Distribution) -> tuple[str, tuple[Any, ...]]:
    """SQL of (customer, reason), and its parameters: the whole audience, each with the reason or "".

    Of those who have the same address, whatever its case, the one who was a customer first is tried.
    """
    rows = audience_of(distribution).order_by().annotate(_mail=Lower("email"), _reason=why_left_out(distribution))
    sql, parameters = rows.values_list("pk", "_mail", "_reason").query.sql_with_params()
    # Materialized: else the planner copies the reason to each place where it is named, and works it out as often (for a
    # million customers, half of them holders: 4.4 s instead of 1.9).
    everybody = f"WITH a (customer, mail, reason) AS MATERIALIZED ({sql})"
    if not by_address(distribution):
        return f"{everybody} SELECT a.customer, a.reason FROM a", parameters  # noqa: S608 - our own words
    return (
        f"""{everybody}
            SELECT a.customer,
                   CASE WHEN a.reason = '' AND a.mail <> '' AND row_number() OVER (PARTITION BY a.mail, a.reason ORDER BY a.customer) > 1
                        THEN '{Reason.SAME_EMAIL.value}' ELSE a.reason END AS reason
              FROM a""",  # noqa: S608
        parameters,
    )


def _when(condition: Q, reason: Reason) -> When:
    return When(condition, then=Value(reason.value))


ERASED = _when(Q(erased_at__isnull=False), Reason.ERASED)


def _why_unreachable(distribution: Distribution) -> list[When]:
    reasons = [ERASED]
    if distribution.message == Distribution.Message.EMAIL:
        gone = Unsubscribe.objects.filter(email=Lower(OuterRef("email")))
        reasons += [
            _when(Q(email=""), Reason.NO_EMAIL),
            _when(~Q(email__regex=ONE_ADDRESS), Reason.NOT_AN_EMAIL),
            _when(Q(Exists(gone)), Reason.UNSUBSCRIBED),
        ]
    return reasons


def _case(reasons: list[When]) -> Case:
    return Case(*reasons, default=Value(""), output_field=CharField())
