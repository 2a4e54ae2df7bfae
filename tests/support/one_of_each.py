"""One row of every kind, for tests that walk all addresses."""

from __future__ import annotations

from django.core.files.base import ContentFile
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from campaigns.codes.models import CodeImport, CodeOrder, ExpiryWalk, MetadataUpdate, Reservation
from campaigns.models import CampaignCount, CampaignDeletion, OfferChange
from config.actor import Actor
from config.alerts.models import Alert, AlertRule, Notice
from config.api.actions.create_api_key import create_api_key
from config.api.models import ApiCall, BearerToken, IdempotentCall
from config.events.models import Listener
from config.events.note import note_event
from config.staff.audit import record
from config.staff.models import Limit, ProjectSettings, Quarantine, StaffSession
from customers.models import CustomerImport, Event, MarketingRefusal
from customers.segments.models import FirstMembers, Segment, SegmentChange, SegmentMember, WatchedMember, WatchedSegment
from publications.automation.actions.create_automation import create_automation
from publications.automation.models import Firing
from publications.distributions.actions.create_draft import create_draft
from publications.distributions.actions.unsubscribe import unsubscribe_url
from publications.distributions.models import (
    Delivery,
    Distribution,
    EmailGrant,
    KeptMessage,
    ListedCode,
    ListedRecipient,
    Unsubscribe,
)
from publications.exports.models import Export, FilePreference, SavedView
from publications.funnel.models import FunnelChange, FunnelCode, FunnelProgress, FunnelTally, FunnelTime
from publications.models import PublicationImport
from publications.notes.actions.add_note import add_note
from publications.recalls.models import Recall, RecalledCode
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.models import BalanceChange, Referral
from publications.referrals.models import ReferralProgram
from publications.tallies.models import DayTally, TallyProgress
from publications.watch.models import PoolForecast
from publications.webhooks.actions.create_address import create_address
from publications.webhooks.models import WebhookDelivery
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, UserFactory, VoucherFactory, published

CSV = {"original_name": "codes.csv", "size": 10, "encoding": "utf-8", "delimiter": ",", "status": "draft"}


def rows_of_other_models() -> None:
    """Of those that no address names: the admin shows them all the same."""
    campaign, customer, file = CampaignFactory(), CustomerFactory(), ContentFile(b"code\nA\n", name="codes.csv")
    segment = Segment.objects.create(name="Watched", type="static")
    run = Distribution.objects.create(name="Listed", kind="manual", campaign=campaign)
    key, _ = create_api_key("Caller", by=STAFF)
    ApiCall.objects.create(
        key=key, at=timezone.now(), method="GET", path="/v1/", status=200, duration_ms=1, request_id="r"
    )
    BearerToken.objects.create(key=key, token_hash=b"t", scope="api", expires_at=timezone.now())
    note_event("publication.succeeded", 1)
    Listener.objects.create(kind="publication.succeeded", owner="rule 1")
    ExpiryWalk.objects.create(of=0, at=timezone.now())
    CampaignDeletion.objects.create(campaign=campaign, force=True)
    OfferChange.objects.create(campaign=campaign, changes={})
    CampaignCount.objects.create(
        campaign=campaign,
        seconds=1,
        **dict.fromkeys(
            (
                "pool_version",
                "code_writes",
                "rows",
                "total",
                "published",
                "in_pool",
                "redeemed",
                "customers",
                "customer_codes",
            ),
            1,
        ),
    )
    for model in (CodeImport, CustomerImport, PublicationImport):
        model.objects.create(file=file, error_file=file, **CSV).refused.create(row=2, key="AUTUMN-7KQ2", error="Wrong.")
    SegmentMember.objects.create(segment=segment, customer=customer)
    watched = WatchedSegment.objects.create(segment=segment)
    WatchedMember.objects.create(segment=watched, customer=customer)
    FirstMembers.objects.create(segment=watched, customers=[customer.pk])
    SegmentChange.objects.create(segment=segment, customer=customer, entered=True)
    ListedCode.objects.create(distribution=run, voucher=VoucherFactory())
    ListedRecipient.objects.create(distribution=run, line=1, given="ada@example.com", customer=customer)
    MarketingRefusal.objects.create(customer=customer)
    Unsubscribe.objects.create(email="ada@example.com", customer=customer, distribution=run)
    EmailGrant.objects.create(at=timezone.now(), count=1)
    Firing.objects.create(distribution=run, key="event 1", customer=customer, outcome="skipped", reason="too_often")
    ReferralProgram.objects.create(campaign=campaign)
    redemption = redeem(published(VoucherFactory(campaign=campaign), customer).vouchers[0], customer=customer, by=STAFF)
    Referral.objects.create(
        campaign=campaign, referrer=customer, referee=CustomerFactory(), redemption_id=redemption.pk, number=1
    )
    DayTally.objects.create(
        campaign_id=0, day="2026-11-24", channel="API", result="SUCCESS", publications=1, codes=1, attempts=1
    )
    TallyProgress.objects.get_or_create(id=1)
    cell = {"campaign_id": campaign.pk, "week": "2026-11-23", "channel": "API", "distribution_id": 0}
    FunnelTally.objects.create(**cell, published=1, messages=0, delivered=0, redeemed=1, amount=500)
    FunnelTime.objects.create(**cell, step=2, bucket=3, codes=1)
    FunnelCode.objects.create(ledger_id=1, live=True, delivered=False, redeemed=True, amount=500)
    FunnelChange.objects.create(publication_id=1)
    FunnelProgress.objects.get_or_create(id=1)
    PoolForecast.objects.create(campaign=campaign, left=1, total=2, pace_week=1, pace_month=1)
    Reservation.objects.create(campaign=campaign, taker=run.pk, label="Listed", due_at=timezone.now(), needed=1)
    AlertRule.objects.create(kind="weekly")
    ended = Recall.objects.create(
        source="chosen", act="disable", reason="Leaked", status="done", total=1, done=1, changed=1
    )
    RecalledCode.objects.create(recall=ended, voucher=VoucherFactory(active=False), outcome="done")
    MetadataUpdate.objects.create(same_for_all=True, rows=[], total=1)
    IdempotentCall.objects.create(key=key, name="order-1", request_hash=b"h", row_id=1)
    card = VoucherFactory(type="GIFT_VOUCHER", discount_type=None, discount_value=None, gift_amount=10)
    BalanceChange.objects.create(voucher=card, amount=5, total=10, balance=10)
    FilePreference.objects.create(
        user=UserFactory(), made_for="xlsx", delimiter="comma", byte_order_mark="as_needed", dates="iso"
    )


def one_of_each() -> dict[str, int]:
    """Makes the rows; answers with the arguments that addresses take: {"campaign_id": 1, …}."""
    user = UserFactory()
    rows_of_other_models()
    Client().force_login(UserFactory())  # a session
    campaign, customer = CampaignFactory(codes=2), CustomerFactory()
    publication = published(VoucherFactory(campaign=campaign), customer)
    redemption = redeem(publication.vouchers[0], customer=customer, by=STAFF)
    file = ContentFile(b"code\nA\n", name="codes.csv")
    Event.objects.create(customer=customer, name="order", metadata={"items": 3})
    segment = Segment.objects.create(name="Testers", type="static")
    draft = create_draft("Draft", by=STAFF)
    automatic = create_automation("Welcome", rule={"trigger": "customer_created"}, campaign=campaign, by=STAFF)
    run = Distribution.objects.create(name="Run", kind="manual", status="running", campaign=campaign)
    export = Export.objects.create(kind="codes", campaign=campaign, status="done", file=file, file_name="codes.csv")
    recall = Recall.objects.create(source="chosen", status="draft", total=1)
    recall.batches.create(number=0, vouchers=[publication.vouchers[0].pk])
    key, _ = create_api_key("Key", by=STAFF)
    address = create_address("https://shop.example.com/webhooks", events=["publication.succeeded"], by=STAFF)
    record("code.released", by=STAFF)
    ProjectSettings.current()
    Limit.objects.create(subject="channel:Newsletter", most=500)
    Quarantine.objects.create(cause="restore", lost_since=Now(), prepared_at=Now(), ended_at=Now())
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('q', 'task', '{}')")
    return {
        "campaign_id": campaign.pk,
        "voucher_id": campaign.vouchers.filter(published_at=None).first().pk,
        "customer_id": customer.pk,
        "publication_id": publication.pk,
        "redemption_id": redemption.pk,
        "export_id": export.pk,
        "recall_id": recall.pk,
        "segment_id": segment.pk,
        "distribution_id": draft.pk,
        "run_id": run.pk,
        "program_id": CampaignFactory(kind="REFERRAL_PROGRAM", join_once=True).pk,
        "automation_id": automatic.pk,
        "fired_id": Delivery.objects.create(distribution=automatic, customer=customer, firing="event 1").pk,
        "recipient_id": Delivery.objects.create(distribution=run, customer=customer).pk,
        "token": unsubscribe_url(None).rpartition("/")[2],
        "message_id": KeptMessage.objects.create(
            sender="shop@example.com", to="ada@example.com", subject="S", text="T"
        ).pk,
        "order_id": CodeOrder.objects.create(campaign=campaign, total=1).pk,
        "code_import_id": CodeImport.objects.create(campaign=campaign, file=file, error_file=file, **CSV).pk,
        "customer_import_id": CustomerImport.objects.create(file=file, error_file=file, **CSV).pk,
        "publication_import_id": PublicationImport.objects.create(file=file, error_file=file, **CSV).pk,
        "view_id": SavedView.objects.create(name="Monthly", kind="codes").pk,
        "key_id": key.pk,
        "kind": "pool_low",
        "thing": customer.public_id,
        "note_id": add_note(customer, "Called about a code.", by=Actor.user(user)).pk,
        "notice_id": Notice.objects.create(
            alert=Alert.objects.create(kind="pool_low", subject="camp_1", title="3 codes left"), user=user
        ).pk,
        "uidb64": "MQ",
        "session_id": StaffSession.objects.latest("pk").pk,
        "address_id": address.pk,
        "delivery_id": WebhookDelivery.objects.create(
            address=address, event=0, kind="webhook.test", object_key=0, body="{}"
        ).pk,
    }
