"""A distribution that would start itself is not activated, and the way round is told."""

import threading

import pytest
from django.db import connection

from customers.segments.actions.create_segment import create_filter_segment
from publications.automation.actions.activate import LoopFound, activate
from publications.distributions.actions.change_status import pause
from publications.distributions.actions.schedule import NotReady
from publications.distributions.models import Distribution
from tests.support.automations import automation
from tests.support.factories import STAFF, CampaignFactory


def campaign(name):
    return CampaignFactory(name=name, codes=9)


def segment_of(campaign):
    conditions = {f"publications.{campaign.public_id}.count": {"conditions": {"$more_than": [0]}}}
    return create_filter_segment(f"Got {campaign}", conditions, by=STAFF)


def loop(**options):
    with pytest.raises(LoopFound) as found:
        automation(**options)
    return str(found.value)


@pytest.mark.django_db
def test_by_itself():
    spring = campaign("Spring")

    told = loop(trigger="code_published", name="Again", campaign=spring, of=spring)

    assert "“Again” publishes a code of Spring, which starts “Again”." in told
    assert Distribution.objects.get().status == "draft"


@pytest.mark.django_db
def test_by_any_campaign():
    assert "which starts “Any”" in loop(trigger="code_published", name="Any", campaign=campaign("Spring"))


@pytest.mark.django_db
def test_through_others_and_through_a_segment():
    spring, summer, autumn = campaign("Spring"), campaign("Summer"), campaign("Autumn")
    automation("code_published", of=spring, campaign=summer, name="Second")
    automation("segment_entered", segment=segment_of(summer), campaign=autumn, name="Third")

    told = loop(trigger="code_published", of=autumn, campaign=spring, name="First")

    assert (
        "“First” publishes a code of Spring, which starts “Second”, which publishes a code of Summer, which changes who "
        "is in “Got Summer”, which starts “Third”, which publishes a code of Autumn, which starts “First”"
    ) in told


@pytest.mark.django_db
def test_one_at_rest_closes_no_loop():
    spring, summer = campaign("Spring"), campaign("Summer")
    pause(automation("code_published", of=spring, campaign=summer), by=STAFF)

    assert automation("code_published", of=summer, campaign=spring).status == "active"


@pytest.mark.django_db
def test_a_chain_and_a_message_without_a_code_are_no_loop():
    spring, summer = campaign("Spring"), campaign("Summer")
    automation("code_published", of=spring, campaign=summer)
    thanks = automation("code_published", campaign=spring, message="email", active=False)
    Distribution.objects.filter(pk=thanks.pk).update(campaign=None, body="Thank you!")

    assert activate(thanks, by=STAFF).status == "active"
    assert automation("code_published", of=summer, campaign=campaign("Autumn")).status == "active"


@pytest.mark.django_db
def test_what_is_missing_is_told():
    draft = automation("schedule", segment=segment_of(campaign("Spring")), cron="never", message="email", active=False)
    Distribution.objects.filter(pk=draft.pk).update(subject="", body="Hello {{ name }}")

    with pytest.raises(NotReady) as refused:
        activate(draft, by=STAFF)

    assert refused.value.problems[0] == "Write a subject."
    assert "{{ name }} is not a variable" in refused.value.problems[1]
    assert "does not show the code" in refused.value.problems[2]
    assert "Write five fields" in refused.value.problems[3]


@pytest.mark.django_db(transaction=True)
def test_of_two_that_make_a_loop_one_is_activated():
    spring, summer = campaign("Spring"), campaign("Summer")
    drafts = [
        automation("code_published", of=spring, campaign=summer, active=False),
        automation("code_published", of=summer, campaign=spring, active=False),
    ]
    start, refused = threading.Barrier(2), []

    def work(draft):
        try:
            start.wait(60)
            activate(draft, by=STAFF)
        except LoopFound as found:
            refused.append(found)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[draft]) for draft in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(refused) == 1
    assert Distribution.objects.filter(status="active").count() == 1
