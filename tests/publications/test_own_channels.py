"""Staff name the channel of what they publish; the history tells by hand and by which distribution."""

import pytest

from config.actor import Actor
from publications.actions.publish import publish
from publications.distributions.actions.create_draft import create_draft
from publications.distributions.models import Distribution
from publications.distributions.pages.forms import CodesForm
from publications.models import Publication
from publications.pages.filters import history
from publications.tallies.tally import tally_days
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory

pytestmark = pytest.mark.django_db


def sent(browser, campaign, **fields):
    customer = CustomerFactory()
    address = f"/campaigns/{campaign.public_id}/publish"
    token = browser.get(address).context["form"].initial["token"]
    return browser.post(address, {"customer": customer.public_id, "count": 1, "token": token, **fields})


@pytest.mark.parametrize(
    "typed, channel", [("", "Dashboard"), (" Trade  fair ", "Trade fair"), ("Dashboard", "Dashboard")]
)
def test_what_is_published_by_hand_goes_by_the_name_that_was_typed(signed_in, typed, channel):
    assert sent(signed_in("Operator"), CampaignFactory(codes=1), channel=typed).status_code == 302

    assert Publication.objects.get().channel == channel


@pytest.mark.parametrize("taken", ["API", "csv"])
def test_a_name_that_tells_another_door_is_refused(signed_in, taken):
    page = sent(signed_in("Operator"), CampaignFactory(codes=1), channel=taken)

    assert "is reserved" in page.content.decode()
    assert not Publication.objects.exists()


def test_channels_in_use_are_offered(signed_in):
    campaign = CampaignFactory(codes=3)
    for channel in ("Trade fair", "Newsletter", "API"):
        publish(campaign, CustomerFactory(), channel=channel, origin="dashboard", by=STAFF)
    browser = signed_in("Operator")

    assert "Trade fair" in browser.get("/channels/suggest?q=trade").content.decode()
    assert "Newsletter" not in browser.get("/channels/suggest?q=trade").content.decode()
    assert "API" not in browser.get("/channels/suggest").content.decode()


def test_a_distribution_has_a_channel_of_its_own_unless_staff_name_another():
    draft = create_draft("Autumn", by=STAFF, campaign=CampaignFactory())

    form = CodesForm({"gives": "codes", "campaign": draft.campaign.name, "channel": "Newsletter"}, draft=draft)

    assert draft.channel == "Distribution"
    assert form.is_valid()
    assert form.changes()["channel"] == "Newsletter"


def test_by_hand_and_by_a_distribution_are_told_apart(signed_in):
    campaign = CampaignFactory(codes=4)
    run = Distribution.objects.create(
        name="Autumn mailing", kind="manual", status="done", campaign=campaign, message="email"
    )
    by_hand = publish(campaign, CustomerFactory(), channel="Dashboard", origin="dashboard", by=STAFF)
    by_run = publish(
        campaign, CustomerFactory(), channel="Distribution", origin="dashboard", by=Actor("run", run.pk, run.name)
    )

    page = signed_in("Viewer").get("/publications/").content.decode()

    assert f'href="/distributions/{run.public_id}/" title="Autumn mailing"' in page
    assert list(history(filters={"by": "hand"}).qs) == [by_hand]
    assert list(history(filters={"by": "run"}).qs) == [by_run]
    assert list(history(filters={"by": run.public_id}, campaign=campaign).qs) == [by_run]
    assert list(history(filters={"by": "dist_x"}).qs) == []
    assert {series["name"] for series in tally_days(campaign).chart()["series"]} == {"Dashboard", "Distribution"}
