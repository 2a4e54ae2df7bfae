"""The holders of a recall's codes are told by a distribution: once, and each of the code that they hold at that moment."""

import pytest
from django.core import mail

from publications.actions.release import release
from publications.distributions.actions.advance import advance
from publications.distributions.actions.duplicate import duplicate
from publications.distributions.actions.schedule import what_is_missing
from publications.distributions.models import Delivery, Distribution
from publications.distributions.queries.dry_run import dry_run
from publications.models import PublishedVoucher
from publications.recalls.actions.tell_holders import CannotTell, tell_holders
from tests.publications.recalls.recalling import broken, recalled
from tests.support.distributions import start
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def by_mail(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def held_codes(campaign, count):
    return [published(VoucherFactory(campaign=campaign)).vouchers[0] for _ in range(count)]


def test_each_is_sent_the_new_code_unless_it_was_released_since():
    campaign = CampaignFactory(codes=3)
    other = published(VoucherFactory(campaign=campaign))  # of the same campaign, but not recalled
    recall = recalled("replace", held_codes(campaign, 3))
    new = list(PublishedVoucher.objects.filter(publication__replaces__recall=recall).order_by("voucher"))

    (draft,) = tell_holders(recall, by=STAFF)
    with pytest.raises(CannotTell):
        tell_holders(recall, by=STAFF)
    release(new[0].voucher, by=STAFF, reason="Meanwhile")

    assert what_is_missing(draft) == []
    assert dry_run(draft).recipients == 2
    advance(start(draft).pk)
    told = Delivery.objects.filter(distribution=draft).exclude(state="skipped")
    assert set(told.values_list("customer", "reminds__voucher")) == {
        (row.publication.customer_id, row.voucher_id) for row in new[1:]
    }
    assert other.customer_id not in told.values_list("customer", flat=True)
    assert Distribution.objects.count() == 1
    assert broken() == []


def test_a_copy_tells_of_the_same_codes_alone():
    campaign = CampaignFactory(codes=1)
    published(VoucherFactory(campaign=campaign))
    (draft,) = tell_holders(recalled("replace", held_codes(campaign, 1)), by=STAFF)

    copy = duplicate(draft, by=STAFF)

    assert (copy.chosen_codes, dry_run(copy).recipients) == (True, 1)


def test_who_holds_none_any_more_is_told_by_a_plain_message():
    ada = CustomerFactory()
    held = [published(customer=ada).vouchers[0], published(customer=ada).vouchers[0], *held_codes(CampaignFactory(), 1)]

    for act in ("disable", "retire"):
        (draft,) = tell_holders(recalled(act, held), by=STAFF)
        assert (draft.campaign, dry_run(draft).recipients, what_is_missing(draft)) == (None, 2, [])
        assert "{{ code }}" not in draft.body


def test_several_campaigns_have_a_message_each_and_nobody_is_no_one():
    held = held_codes(CampaignFactory(codes=1), 1) + held_codes(CampaignFactory(codes=1), 1)
    assert len(tell_holders(recalled("replace", held), by=STAFF)) == 2
    with pytest.raises(CannotTell):
        tell_holders(recalled("disable", [VoucherFactory()]), by=STAFF)
    assert mail.outbox == []


def test_the_page_leads_to_the_draft_and_names_it_afterwards(signed_in):
    manager = signed_in("Manager")
    recall = recalled("disable", held_codes(CampaignFactory(), 1))
    url = recall.get_absolute_url()
    assert "Draft a message" in manager.get(url).content.decode()

    answer = manager.post(f"{url}tell")

    draft = Distribution.objects.get()
    assert answer.url == draft.get_absolute_url()
    assert "Tell the holders: Disable 1 code" in manager.get(url).content.decode()
    assert manager.get(draft.get_absolute_url(), follow=True).status_code == 200
