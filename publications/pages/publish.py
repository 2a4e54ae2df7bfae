"""Publishing by hand: the dialog on a campaign, on a code and, by way of a campaign, on a customer."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.codes.models import Voucher
from campaigns.codes.queries.count_codes import count_codes, is_pool_empty
from campaigns.models import Campaign
from campaigns.pages.filters import CampaignFilter
from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.pages.dialogs import in_dialog
from config.staff.quarantine import current, reason
from config.staff.roles import PUBLISH, requires
from customers.actions.create_customer import SourceIdTaken, create_customer
from customers.models import Customer
from publications.actions.publish import publish as publish_codes
from publications.actions.publish import publish_code as publish_this_code
from publications.channels import DASHBOARD
from publications.models import Publication
from publications.pages.channel_field import TAKEN
from publications.pages.forms import PublishForm
from publications.queries.foresee_refusal import foresee_refusal, foresee_refusal_of_code
from publications.queries.list_channels import list_channels
from publications.refusals import DuplicateSourceId, PublishRefused

RECIPIENT = "publish-recipient"  # the part of the form that is exchanged when a customer is chosen
CAMPAIGNS_OFFERED = 12
CHANNELS_OFFERED = 8


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(PUBLISH)
def publish(request: HtmxHttpRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign.objects.live(), pk=campaign_id)
    codes = count_codes([campaign])[campaign.pk]
    back = campaign.get_absolute_url()
    context = {"title": f"Publish from {campaign}", "campaign": campaign, "codes": codes, "back": back}
    return _page(request, campaign, None, context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(PUBLISH)
def publish_code(request: HtmxHttpRequest, voucher_id: int) -> HttpResponse:
    voucher = get_object_or_404(Voucher.objects.select_related("campaign"), pk=voucher_id, deleted_at=None)
    back = voucher.get_absolute_url()
    return _page(request, voucher.campaign, voucher, {"title": "Publish this code", "voucher": voucher, "back": back})


@require_safe
@requires(PUBLISH)
def publish_to(request: HtmxHttpRequest, customer_id: int) -> HttpResponse:
    """From a customer's page: which campaign shall it be?"""
    customer = get_object_or_404(Customer.objects.live(), pk=customer_id)
    newest = Campaign.objects.live().select_related("kept_count").order_by("-created_at", "-id")
    campaigns = list(CampaignFilter({"q": request.GET.get("q", "")}, newest).qs[:CAMPAIGNS_OFFERED])
    counts = count_codes(campaigns)
    context = {
        "title": f"Publish to {customer}",
        "customer": customer,
        "campaigns": campaigns,
        "empty": [campaign for campaign in campaigns if is_pool_empty(campaign, counts[campaign.pk])],
    }
    return render(request, "publications/publish_to.html", context)


@require_safe
@requires(PUBLISH)
def suggest_channels(request: HtmxHttpRequest) -> HttpResponse:
    """What a type-ahead for channels is answered with: those in use."""
    text = " ".join(request.GET.get("q", "").split()).lower()
    taken = set(TAKEN.values())
    found = [name for name in list_channels() if text in name.lower() and name not in taken][:CHANNELS_OFFERED]
    return render(request, "partials/_options.html", {"options": [{"value": name, "label": name} for name in found]})


def _page(request: HtmxHttpRequest, campaign: Campaign | None, voucher: Voucher | None, context: dict) -> HttpResponse:
    form = PublishForm(
        request.POST if request.method == "POST" else None,
        campaign=campaign,
        one_code=voucher is not None or campaign is None or campaign.join_once,
        customer=request.GET.get("customer", "")[:320],
    )
    context |= {"form": form}
    if request.htmx.target == RECIPIENT:
        return render(request, "publications/_recipient.html", context)
    if voucher:
        context["obstacles"] = foresee_refusal_of_code(voucher)
    else:
        assert campaign is not None  # one of the two is given
        context["obstacles"] = foresee_refusal(campaign)
    # Nothing is asked that would be in vain. What was sent is answered by the verb, and keeps its form; and who joined
    # such a campaign once is shown their code whatever became of its pool.
    refused = any(obstacle.refuses for obstacle in context["obstacles"]) and not (campaign and campaign.join_once)
    context["in_vain"] = refused and request.method != "POST"
    if request.method == "POST":
        if earlier := _published_by_this_form(form):
            return _answer(request, earlier, repeated=True)
        if held := current():  # before a customer is made
            form.add_error(None, reason(held))
        elif form.is_valid() and (publication := _carry_out(form, campaign, voucher, by=Actor.user(request.user))):
            return _answer(request, publication, repeated=publication.repeated)
    return render(request, "publications/publish.html", context)


def _published_by_this_form(form: PublishForm) -> Publication | None:
    """Asked first: the form is sent again by a double click or after Back, and must not make its customer again."""
    form.full_clean()
    if not (token := form.cleaned_data.get("token")):
        return None
    return Publication.objects.filter(source_id=_source_id(token), result=Publication.Result.SUCCESS).first()


def _carry_out(
    form: PublishForm, campaign: Campaign | None, voucher: Voucher | None, *, by: Actor
) -> Publication | None:
    """None where it was refused; then the form says why."""
    options: dict[str, Any] = {
        "channel": form.cleaned_data["channel"] or DASHBOARD,
        "origin": Publication.Origin.DASHBOARD,
        "by": by,
        "source_id": _source_id(form.cleaned_data["token"]),
        "metadata": form.cleaned_data["metadata"] or None,
    }
    try:
        if form.is_new:
            # Made first, so that a refusal leaves one customer, chosen in the form, and not another at each attempt.
            form.choose(create_customer(form.new_customer(), by=by))
        assert form.chosen is not None  # a valid form has one
        if voucher is not None:
            return publish_this_code(voucher, form.chosen, **options)
        assert campaign is not None  # one of the two is given
        return publish_codes(campaign, form.chosen, count=form.cleaned_data.get("count", 1), **options)
    except SourceIdTaken as taken:
        form.add_error("source_id", str(taken))
    except DuplicateSourceId:
        form.add_error(None, "This form has already been used. Open it again to publish another code.")
    except PublishRefused as refused:
        form.add_error(None, refused.details or refused.message)
    return None


def _source_id(token: str) -> str:
    return f"dashboard:{token}"


def _answer(request: HtmxHttpRequest, publication: Publication, *, repeated: bool) -> HttpResponse:
    """In the dialog the codes themselves; else the page of the publication, which a reload does not send again."""
    vouchers = Voucher.objects.filter(ledger__publication=publication, ledger__released_at=None).order_by("pk")
    if in_dialog(request):
        all_codes = "\n".join(voucher.code for voucher in vouchers)
        context = {"publication": publication, "vouchers": vouchers, "all_codes": all_codes, "repeated": repeated}
        return render(request, "publications/published.html", context)
    count = publication.voucher_count
    if repeated:
        messages.info(request, "This was published before. No second code was published.")
    else:
        messages.success(
            request, "The code has been published." if count == 1 else f"{count} codes have been published."
        )
    return redirect("publications:publication", publication_id=publication.pk)
