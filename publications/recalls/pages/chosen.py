"""What staff do with rows that they chose in a list, besides recalling their codes: send to them, or have them as a file."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from campaigns.models import Campaign
from config.actor import Actor
from config.public_ids import CAMPAIGN, CUSTOMER, key_of
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.roles import EXPORT, PUBLISH, requires, reveals_codes
from customers.models import Customer
from publications.distributions.actions.draft_for_chosen import CannotDraft, draft_for_codes, draft_for_customers
from publications.recalls.actions.draft_recall import MOST
from publications.recalls.queries.choose import FilterUnclear
from publications.recalls.queries.choose_rows import Chosen, Of, codes_of, customers_of


def read_choice(sent: QueryDict, user: User) -> Chosen:
    """From the form below a list (templates/partials/links/_choose.html). Raises FilterUnclear."""
    of = sent.get("of", "")
    campaign = Campaign.objects.filter(pk=key_of(CAMPAIGN, sent.get("campaign", "")) or 0).first()
    customer = Customer.objects.filter(pk=key_of(CUSTOMER, sent.get("customer", "")) or 0).first()
    if (sent.get("campaign") and not campaign) or (sent.get("customer") and not customer):
        raise FilterUnclear("What this list belongs to no longer exists.")
    return Chosen(
        of=Of(of) if of in Of.values else Of.CODES,
        ids=sent.getlist("chosen"),
        everything="all" in sent,
        filters=QueryDict(sent.get("filters", "")),
        campaign=campaign,
        customer=customer,
        reveals=reveals_codes(user),
    )


@require_POST
@requires(PUBLISH)
def send(request: HtmxHttpRequest) -> HttpResponse:
    """Drafts the message: to chosen customers, or to the holders of chosen codes and publications, of whom each gets
    the code that they hold."""
    try:
        drafts = _draft(read_choice(request.POST, request.user), by=Actor.user(request.user))
    except (CannotDraft, FilterUnclear) as refused:
        messages.error(request, str(refused))
        return redirect(way_back(request))
    if len(drafts) == 1:
        messages.success(request, "Drafted. Nothing has been sent yet: write the message, check it, then start it.")
        return redirect(drafts[0])
    messages.success(request, f"{len(drafts)} messages drafted, one for each campaign. Nothing has been sent yet.")
    return redirect("distributions:list")


def _draft(chosen: Chosen, *, by: Actor) -> list:
    if chosen.of == Of.CUSTOMERS:
        return [draft_for_customers(customers_of(chosen), by=by)]
    codes = list(codes_of(chosen))
    if len(codes) > MOST:
        raise CannotDraft(f"More than {MOST:,} codes were chosen. Narrow the choice, and send to one part at a time.")
    return draft_for_codes(codes, by=by)


@require_POST
@requires(EXPORT)
def export(request: HtmxHttpRequest) -> HttpResponse:
    """Leads to the form of a report of these rows. It asks nothing of the database, so that no choice is lost there."""
    sent = request.POST
    of = sent.get("of", "")
    kind: str = of if of in Of.values else Of.CODES
    if kind == Of.CODES and not sent.get("campaign"):
        kind = "all-codes"  # whose own filter is called `campaign`
    asked = [("kind", kind)]
    if sent.get("campaign"):
        asked.append(("campaign", sent["campaign"]))
    if "all" in sent:
        return redirect(f"{reverse('exports:report')}?{urlencode(asked)}&{sent.get('filters', '')}".rstrip("&"))
    if not sent.getlist("chosen"):
        messages.error(request, "Nothing was chosen. Tick the rows first.")
        return redirect(way_back(request))
    return redirect(f"{reverse('exports:report')}?{urlencode([*asked, ('chosen', ','.join(sent.getlist('chosen')))])}")


def way_back(request: HtmxHttpRequest) -> str:
    """To the list that the rows were chosen in."""
    back = request.POST.get("back", "")
    return back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else reverse("recalls:list")
