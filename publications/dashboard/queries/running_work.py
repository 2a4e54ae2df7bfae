"""Background work that is waiting or running: codes made or erased, files imported and exported, runs of distributions."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db.models import BigIntegerField, F, QuerySet, Value
from django.urls import reverse

from campaigns.codes.models import CodeImport, CodeOrder
from campaigns.models import CampaignDeletion, OfferChange
from config.staff.roles import MANAGE, PUBLISH, READ, may
from config.work import Work
from customers.models import CustomerImport
from publications.distributions.models import Distribution
from publications.exports.models import Export
from publications.models import PublicationImport
from publications.recalls.models import Recall

LATEST = 500  # rows of each kind that are looked at: there is no index by status, and older ones have ended
SHOWN = 10
RUNNING = (Work.Status.QUEUED, Work.Status.RUNNING)


class Job(NamedTuple):
    work: Work | Distribution  # its progress alone was read; a distribution tells it on its own page
    label: str
    unit: str  # of its progress; "" where only the percentage says something
    url: str  # of its page; "" where the reader may not open it


class Kind(NamedTuple):
    model: type[Work | Distribution]
    label: str
    name: str  # the column that completes the label
    unit: str = ""
    page: str = ""  # the name of its URL
    ability: str = READ  # that its page wants


KINDS = [
    Kind(CodeOrder, "Generating codes for {}", "campaign__name", "codes", "campaigns:order"),
    Kind(CodeImport, "Importing codes from {}", "original_name", "", "campaigns:code-import", MANAGE),
    Kind(CustomerImport, "Importing customers from {}", "original_name", "", "customers:customer-import", PUBLISH),
    Kind(
        PublicationImport, "Importing publications from {}", "original_name", "", "publications:publication-import", MANAGE
    ),
    Kind(CampaignDeletion, "Erasing the codes of {}", "campaign__name", "codes"),
    Kind(OfferChange, "Changing the offer of {}", "campaign__name", "codes"),
    Kind(Export, "Creating {}", "file_name", "rows", "exports:export"),
    Kind(Recall, "Recall: {}", "reason", "codes", "recalls:recall", MANAGE),
    Kind(Distribution, "Distributing {}", "name", "", "distributions:distribution"),
]  # fmt: skip


def running_work(user: User) -> list[Job]:
    """At most 10, the one that waits longest first. One query for all kinds."""
    first, *others = (_running(number, kind) for number, kind in enumerate(KINDS))
    rows = first.union(*others, all=True).order_by("created_at")[:SHOWN]
    return [_job(user, KINDS[row.pop("of_kind")], **row) for row in rows]


def _running(number: int, kind: Kind) -> QuerySet:
    works = kind.model.objects.order_by()  # type: ignore[misc, union-attr]
    latest = works.order_by("-pk").values("pk")[:LATEST]
    names, told = ["pk", "created_at", "status", "done", "total"], {}
    if kind.model is Distribution:
        names, told = names[:3], {"done": Value(0, BigIntegerField()), "total": Value(None, BigIntegerField())}
    campaign = F("campaign_id") if kind.model is CodeOrder else Value(None, BigIntegerField())
    return works.filter(pk__in=latest, status__in=RUNNING).values(
        *names, **told, of_kind=Value(number), noun=F(kind.name), of_campaign=campaign
    )


def _job(user: User, kind: Kind, *, noun: str, of_campaign: int | None, **progress: Any) -> Job:
    if kind.model is Distribution:
        del progress["done"], progress["total"]
    work, url = kind.model(**progress), ""
    if kind.model is CodeOrder:
        url = reverse(kind.page, kwargs={"campaign_id": of_campaign, "order_id": work.pk})
    elif kind.page and may(user, kind.ability):
        url = reverse(kind.page, args=[work.pk])
    return Job(work, kind.label.format(noun), kind.unit, url)
