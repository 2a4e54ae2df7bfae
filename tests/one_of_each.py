"""One row of every kind, for tests that walk all addresses."""

from __future__ import annotations

from django.core.files.base import ContentFile
from django.db import connection

from campaigns.models import CodeImport, CodeOrder
from config.audit import record
from config.create_api_key import create_api_key
from config.models import ProjectSettings
from customers.models import CustomerImport, Event, Segment
from publications.distributions.automation.create_automation import create_automation
from publications.distributions.create_draft import create_draft
from publications.distributions.unsubscribe import TEST, unsubscribe_url
from publications.models import Delivery, Distribution, Export, KeptMessage, PublicationImport, WebhookDelivery
from publications.redemptions.redeem import redeem
from publications.webhooks.create_address import create_address
from tests.factories import STAFF, CampaignFactory, CustomerFactory, UserFactory, VoucherFactory, published

CSV = {"original_name": "codes.csv", "size": 10, "encoding": "utf-8", "delimiter": ",", "status": "draft"}


def one_of_each() -> dict[str, int]:
    """Makes the rows; answers with the arguments that addresses take: {"campaign_id": 1, …}."""
    UserFactory()
    campaign, customer = CampaignFactory(codes=2), CustomerFactory()
    publication = published(VoucherFactory(campaign=campaign), customer)
    redeem(publication.vouchers[0], customer=customer, by=STAFF)
    file = ContentFile(b"code\nA\n", name="codes.csv")
    Event.objects.create(customer=customer, name="order", metadata={"items": 3})
    segment = Segment.objects.create(name="Testers", type="static")
    draft = create_draft("Draft", by=STAFF)
    automatic = create_automation("Welcome", rule={"trigger": "customer_created"}, campaign=campaign, by=STAFF)
    run = Distribution.objects.create(name="Run", kind="manual", status="running", campaign=campaign)
    export = Export.objects.create(kind="codes", campaign=campaign, status="done", file=file, file_name="codes.csv")
    key, _ = create_api_key("Key", by=STAFF)
    address = create_address("https://shop.example.com/webhooks", events=["publication.succeeded"], by=STAFF)
    record("code.released", by=STAFF)
    ProjectSettings.current()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('q', 'task', '{}')")
    return {
        "campaign_id": campaign.pk,
        "voucher_id": campaign.vouchers.filter(published_at=None).first().pk,
        "customer_id": customer.pk,
        "publication_id": publication.pk,
        "export_id": export.pk,
        "segment_id": segment.pk,
        "distribution_id": draft.pk,
        "run_id": run.pk,
        "program_id": CampaignFactory(kind="REFERRAL_PROGRAM", join_once=True).pk,
        "automation_id": automatic.pk,
        "fired_id": Delivery.objects.create(distribution=automatic, customer=customer, firing="event 1").pk,
        "recipient_id": Delivery.objects.create(distribution=run, customer=customer).pk,
        "token": unsubscribe_url(TEST).rpartition("/")[2],
        "message_id": KeptMessage.objects.create(
            sender="shop@example.com", to="ada@example.com", subject="S", text="T"
        ).pk,
        "order_id": CodeOrder.objects.create(campaign=campaign, total=1).pk,
        "code_import_id": CodeImport.objects.create(campaign=campaign, file=file, error_file=file, **CSV).pk,
        "customer_import_id": CustomerImport.objects.create(file=file, error_file=file, **CSV).pk,
        "publication_import_id": PublicationImport.objects.create(file=file, error_file=file, **CSV).pk,
        "key_id": key.pk,
        "address_id": address.pk,
        "delivery_id": WebhookDelivery.objects.create(
            address=address, event=0, kind="webhook.test", object_key=0, body="{}"
        ).pk,
    }
