"""A Manager releases a whole publication."""

import pytest

from campaigns.codes.models import Voucher
from config.staff.models import AuditEntry
from publications.actions import release as release_module
from publications.actions.publish import publish
from publications.actions.release import NotPublished, ReasonMissing, TooManyCodes, release_publication
from publications.dashboard.verify import verify
from publications.redemptions.actions.redeem import redeem
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, published

pytestmark = pytest.mark.django_db


def three_codes():
    campaign, customer = CampaignFactory(codes=4), CustomerFactory()
    return publish(campaign, customer, count=3, origin="dashboard", by=STAFF)


def test_all_codes_are_retired_and_the_publication_is_void():
    publication = three_codes()

    assert release_publication(publication, by=STAFF, reason="Wrong person") == (3, 0)

    publication.refresh_from_db()
    states = Voucher.objects.filter(ledger__publication=publication).values_list("published_at", "withdrawn_why")
    assert publication.voided_at
    assert list(states) == [(None, "retired")] * 3
    entry = AuditEntry.objects.get(action="publication.released")
    assert entry.object_id == publication.public_id
    assert entry.details == {"count": 3, "returned_to_pool": 0, "reason": "Wrong person"}
    assert [finding.name for finding in verify() if finding.violations and "release" in finding.name] == []


def test_a_used_code_is_retired_where_the_others_return_to_the_pool():
    publication = three_codes()
    redeem(publication.vouchers[0], customer=publication.customer, by=STAFF)

    assert release_publication(publication, by=STAFF, reason="Never sent", back_to_pool=True) == (3, 2)


def test_a_code_released_before_is_left_alone():
    publication = three_codes()
    release_module.release(publication.vouchers[1], by=STAFF, reason="This one")

    assert release_publication(publication, by=STAFF, reason="The others", back_to_pool=True) == (2, 2)
    with pytest.raises(NotPublished):
        release_publication(publication, by=STAFF, reason="Again")


def test_it_needs_a_reason_and_an_end(monkeypatch):
    publication = three_codes()

    with pytest.raises(ReasonMissing):
        release_publication(publication, by=STAFF, reason=" ")
    monkeypatch.setattr(release_module, "MOST_AT_ONCE", 2)
    with pytest.raises(TooManyCodes, match="more than 2 codes"):
        release_publication(publication, by=STAFF, reason="Too many")


def test_a_manager_releases_it_on_its_page(signed_in):
    browser, publication = signed_in("Manager"), three_codes()
    address = f"{publication.get_absolute_url()}release"
    assert address in browser.get(publication.get_absolute_url()).content.decode()
    assert "3 codes will be released." in browser.get(address).content.decode()

    answer = browser.post(address, {"then": "pool", "reason": "Wrong person"}, follow=True)

    assert "Released 3 codes: 0 retired, 3 back in the pool." in answer.content.decode()
    assert address not in answer.content.decode()
    assert "holds no codes any more" in browser.post(address, {"then": "pool", "reason": "Twice"}).content.decode()


def test_nobody_else_is_offered_that(signed_in):
    publication = published()

    assert "/release" not in signed_in("Operator").get(publication.get_absolute_url()).content.decode()
