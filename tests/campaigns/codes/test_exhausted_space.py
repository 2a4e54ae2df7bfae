"""AUTO_UPDATE campaigns whose small code space is used up: told at once, and in nobody's way."""

import threading

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from campaigns.codes.actions.delete_code import delete_code
from campaigns.codes.actions.extend_pool import extend_pool, space_of
from campaigns.codes.actions.make_codes import make_codes
from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from publications.actions.publish import publish
from publications.refusals import NoVoucherSuitable
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory

pytestmark = pytest.mark.django_db(transaction=True)

TEN = {"auto_update": True, "code_charset": "0123456789", "code_pattern": "#"}


def take(campaign, count=1):
    return publish(Campaign.objects.get(pk=campaign.pk), CustomerFactory(), count=count, origin="api", by=STAFF)


def refused(campaign, count=1):
    """The refusal's words, and whether the code space was looked through for it."""
    with CaptureQueriesContext(connection) as queries, pytest.raises(NoVoucherSuitable) as refusal:
        take(campaign, count)
    return refusal.value.details, any("pg_advisory" in query["sql"] for query in queries)


WORDS = "Couldn't create new vouchers for publication"


def test_a_used_up_space_is_looked_through_once():
    digits = CampaignFactory(**TEN)
    take(digits, 10)

    assert refused(digits) == (WORDS, True)
    assert refused(digits) == (WORDS, False)
    assert refused(digits, 3) == (WORDS, False)


def test_too_few_for_many_may_be_enough_for_few():
    digits = CampaignFactory(**TEN)
    take(digits, 8)

    assert refused(digits, 5) == (WORDS, True)
    assert refused(digits, 6) == (WORDS, False)
    assert take(digits, 2).voucher_count == 2
    assert refused(digits) == (WORDS, True)


def test_a_code_that_becomes_free_is_made_again():
    digits = CampaignFactory(**TEN)
    take(digits, 9)
    (last,) = [voucher for voucher in _made(digits, 1) if not voucher.published_at]
    assert refused(digits, 2) == (WORDS, True)

    delete_code(last, force=True, by=STAFF)

    assert take(digits).vouchers[0].code == last.code


def test_another_configuration_gives_codes_at_once():
    digits = CampaignFactory(**TEN)
    take(digits, 10)
    refused(digits)

    Campaign.objects.filter(pk=digits.pk).update(code_pattern="##", pool_version=99)

    assert len(take(digits).vouchers[0].code) == 2


def test_a_fixed_pool_that_is_too_short_for_many_is_looked_through_once():
    campaign = CampaignFactory(codes=3)

    assert refused(campaign, 5)[1]
    assert not refused(campaign, 4)[1]
    assert take(campaign, 3).voucher_count == 3
    assert refused(campaign)[1]


def _made(campaign, count):
    with transaction.atomic():
        extend_pool(campaign, count=count)
    return list(Voucher.objects.filter(campaign=campaign))


def test_who_fills_one_space_does_not_wait_for_who_fills_another():
    """The first holds its lock and its code until the end; the second is done before."""
    first, second = CampaignFactory(**TEN), CampaignFactory(**TEN | {"code_pattern": "A#"})
    made = threading.Event()

    def other():
        with transaction.atomic():
            extend_pool(second, count=1)
        made.set()
        connection.close()

    with transaction.atomic():
        extend_pool(first, count=1)
        thread = threading.Thread(target=other)
        thread.start()
        done_meanwhile = made.wait(60)
    thread.join()

    assert done_meanwhile


def test_spaces_that_overlap_are_filled_at_once_without_a_deadlock():
    """Each code that ends with 7 is in both: who waits for one must hold none that the other waits for."""
    spaces = [space_of(CampaignFactory(code_charset="0123456789", code_pattern=pattern)) for pattern in ("##", "#7")]
    campaigns = [CampaignFactory(), CampaignFactory()]
    counts, problems = [20, 2], []

    def fill(number):
        try:
            for _ in range(100):
                Voucher.objects.filter(campaign=campaigns[number]).delete()
                with transaction.atomic():
                    make_codes(
                        spaces[number], count=counts[number], campaign_id=campaigns[number].pk, type="DISCOUNT_VOUCHER"
                    )
        except Exception as problem:
            problems.append(repr(problem))
        finally:
            connection.close()

    threads = [threading.Thread(target=fill, args=[number]) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problems == []
    assert [Voucher.objects.filter(campaign=campaign).count() for campaign in campaigns] == counts
