"""Deleting a campaign hides it, frees its name and keeps what was published."""

import pytest

from campaigns.actions.delete_campaign import delete_campaign, erase_unpublished_codes
from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.staff.models import AuditEntry
from publications.actions.release import release
from publications.dashboard.queries.running_work import running_work
from publications.models import Publication
from tests.support.factories import STAFF, CampaignFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_is_hidden_once_and_its_codes_stay():
    campaign = CampaignFactory(name="Autumn", codes=3)

    assert delete_campaign(campaign, by=STAFF)
    assert not delete_campaign(campaign, by=STAFF)

    assert not Campaign.objects.live().exists()
    assert Voucher.objects.count() == 3
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_label, entry.details) == ("campaign.deleted", "Autumn", {"codes_erased": False})


def test_erasing_spares_every_code_that_was_ever_published():
    campaign = CampaignFactory(codes=5)
    held, released = Voucher.objects.order_by("id")[:2]
    published(held)
    published(released)
    release(released, by=STAFF, reason="Sent to the wrong customer")
    other = VoucherFactory()

    delete_campaign(campaign, force=True, by=STAFF)
    assert erase_unpublished_codes(campaign.pk) == 3
    assert erase_unpublished_codes(campaign.pk) == 0

    assert set(Voucher.objects.all()) == {held, released, other}
    assert Publication.objects.count() == 2


def test_nothing_is_erased_of_a_campaign_that_lives():
    campaign = CampaignFactory(codes=5)

    assert erase_unpublished_codes(campaign.pk) == 0

    assert Voucher.objects.count() == 5


def test_erasing_is_shown_as_running_work_until_it_is_done(signed_in):
    campaign = CampaignFactory(name="Autumn", codes=3)
    user = signed_in("Viewer").user

    deletion = delete_campaign(campaign, force=True, by=STAFF)
    before = running_work(user)
    erase_unpublished_codes(campaign.pk)

    deletion.refresh_from_db()
    assert [(job.label, job.unit) for job in before] == [("Erasing the codes of Autumn", "codes")]
    assert running_work(user) == []
    assert (deletion.status, deletion.total, deletion.done) == ("done", 3, 3)


def test_a_deletion_without_erasing_is_done_at_once():
    deletion = delete_campaign(CampaignFactory(codes=3), by=STAFF)

    deletion.refresh_from_db()
    assert (deletion.status, deletion.done, deletion.actor_label) == ("done", 0, STAFF.label)
