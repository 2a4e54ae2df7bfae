"""Background work that is waiting or running: codes being made or erased, files being imported and exported."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import QuerySet
from django.urls import reverse

from campaigns.models import CampaignDeletion, CodeImport, CodeOrder
from config.models import Work
from config.roles import MANAGE, PUBLISH, READ, may
from customers.models import CustomerImport
from publications.models import Export, PublicationImport

LATEST = 500  # rows of each kind that are looked at: there is no index by status, and older ones have ended
SHOWN = 10
RUNNING = (Work.Status.QUEUED, Work.Status.RUNNING)


class Job(NamedTuple):
    work: Work
    label: str
    unit: str  # of its progress; "" where only the percentage says something
    url: str  # of its page; "" where the reader may not open it


def running_work(user) -> list[Job]:
    """At most 10, the one that waits longest first."""
    jobs = [
        *(
            Job(order, f"Making codes for {order.campaign}", "codes", _order(order))
            for order in _running(CodeOrder.objects.select_related("campaign"))
        ),
        *(
            Job(
                upload,
                f"Importing codes from {upload.original_name}",
                "",
                _page(user, MANAGE, "campaigns:code-import", upload.pk),
            )
            for upload in _running(CodeImport.objects.all())
        ),
        *(
            Job(
                upload,
                f"Importing customers from {upload.original_name}",
                "",
                _page(user, PUBLISH, "customers:customer-import", upload.pk),
            )
            for upload in _running(CustomerImport.objects.all())
        ),
        *(
            Job(
                upload,
                f"Importing publications from {upload.original_name}",
                "",
                _page(user, MANAGE, "publications:publication-import", upload.pk),
            )
            for upload in _running(PublicationImport.objects.all())
        ),
        *(
            Job(deletion, f"Erasing the codes of {deletion.campaign}", "codes", "")
            for deletion in _running(CampaignDeletion.objects.select_related("campaign"))
        ),
        *(
            Job(export, f"Making {export.file_name}", "rows", _page(user, READ, "publications:export", export.pk))
            for export in _running(Export.objects.all())
        ),
    ]
    return sorted(jobs, key=lambda job: job.work.created_at)[:SHOWN]


def _order(order: CodeOrder) -> str:
    return reverse("campaigns:order", kwargs={"campaign_id": order.campaign_id, "order_id": order.pk})


def _running(works: QuerySet) -> QuerySet:
    latest = works.model.objects.order_by("-pk").values("pk")[:LATEST]
    return works.filter(pk__in=latest, status__in=RUNNING).order_by("pk")[:SHOWN]


def _page(user, ability: str, url_name: str, key: int) -> str:
    return reverse(url_name, args=[key]) if may(user, ability) else ""
