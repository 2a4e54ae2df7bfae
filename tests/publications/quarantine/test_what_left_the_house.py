"""What others were given in the lost time means nothing else afterwards: ids, sessions, tokens, messages to staff."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.apps import apps

from config import public_ids
from config.alerts.actions.keep_alerts import Found, keep_alerts
from config.alerts.actions.send_notices import send_notices
from config.alerts.models import Kind, Notice
from config.api.models import BearerToken
from config.staff.models import AuditEntry
from config.work import AsyncAction
from publications.quarantine.move_ids_on import TABLES
from publications.quarantine.open_quarantine import open_quarantine
from tests.support.api.calls import Api
from tests.support.factories import STAFF, CampaignFactory, UserFactory

FORM = "application/x-www-form-urlencoded"
LOST_SINCE = datetime(2026, 11, 30, 10, 15, tzinfo=UTC)

# Of the rows of which tables an id is made, by its prefix. Of AsyncAction's it is told below.
ROWS = {
    "pub": ["publications_publication"],
    "v": ["codes_voucher"],
    "camp": ["campaigns_campaign"],
    "cust": ["customers_customer"],
    "seg": ["segments_segment"],
    "dist": ["distributions_distribution"],
    "export": ["exports_export"],
    "aa": [],
    **{key: ["redemptions_redemption"] for key in ("r", "rf", "rr", "rrf")},
    "vtx": ["redemptions_redemption", "redemptions_balancechange"],
    "recall": ["recalls_recall"],
    "rh": ["publications_publishedvoucher"],
    "del": ["customers_customer"],
    "evcus": ["customers_event", "publications_publication", "redemptions_redemption"],
    "hook": ["webhooks_webhookaddress"],
    "event": ["events_outbox", "webhooks_webhookdelivery"],
}


def test_every_public_id_is_of_a_key_that_moves_on():
    prefixes = {value for name, value in vars(public_ids).items() if name.isupper() and isinstance(value, str)}
    actions = {model._meta.db_table for model in apps.get_models() if issubclass(model, AsyncAction)}

    assert prefixes == set(ROWS)
    assert len(actions) > 5
    assert {table for tables in ROWS.values() for table in tables} | actions <= set(TABLES)


@pytest.mark.django_db(transaction=True)
def test_whoever_signed_in_signs_in_again(signed_in):
    """A session that was ended in the lost time is back with the backup; so is a token that was revoked."""
    browser, api = signed_in("Manager"), Api(for_integrations=True)
    assert api.send("POST", "oauth/token", "grant_type=client_credentials&scope=api", FORM).status == 200
    assert BearerToken.objects.count() == 1
    assert browser.get("/").status_code == 200

    open_quarantine("restore", lost_since=LOST_SINCE, by=STAFF)

    assert browser.get("/").status_code == 302
    assert not BearerToken.objects.exists()
    assert api.get("campaigns").status == 200  # a key is not a session: staff look through those
    assert AuditEntry.objects.get(action="quarantine.opened").details["tokens"] == 1


@pytest.mark.django_db(transaction=True)
def test_an_alert_that_was_due_may_have_been_sent_and_is_not_sent_again(settings, mailoutbox):
    settings.EMAIL_IS_SENT = True
    CampaignFactory()
    UserFactory(role="Manager", email="mara@example.com")
    keep_alerts(Kind.POOL_LOW, [Found("camp_1", "12 codes left in Autumn")])

    open_quarantine("restore", lost_since=LOST_SINCE, by=STAFF)

    assert (send_notices(), mailoutbox) == (0, [])
    assert Notice.objects.get().email == "unknown"
