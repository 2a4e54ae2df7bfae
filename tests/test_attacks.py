"""What an attack on the product found, each as a test that it is mended."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse

from campaigns.models import Campaign
from config.api.bodies import _object
from config.api.conditions import parse_time
from config.api.door import ApiError
from config.staff.models import ProjectSettings
from config.staff.templatetags.handout import when
from tests.support.factories import CampaignFactory, UserFactory, VoucherFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "lookup", ["code__startswith", "code__regex", "code__gt", "code", "code__exact", "code__icontains"]
)
def test_the_admin_lets_nobody_feel_their_way_along_a_masked_code(client, lookup):
    voucher = VoucherFactory(code="SECRET-1")
    client.force_login(UserFactory(role="Viewer"))

    answer = client.get(reverse("admin:codes_voucher_changelist"), {lookup: "S"})

    assert answer.status_code == 400
    listed = client.get(reverse("admin:codes_voucher_changelist"), {"active__exact": "1"})
    assert listed.status_code == 200
    assert voucher.code.encode() not in listed.content


def test_a_key_that_stands_twice_among_many_is_found_in_one_pass():
    pairs = [(f"k{n}", n) for n in range(200_000)] + [("k199999", 0)]

    with pytest.raises(ApiError) as refused:
        _object(pairs)

    assert "k199999: appears twice in the same object." in str(vars(refused.value))


@pytest.mark.parametrize("sent", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "0001-01-01", "3000-01-01"])
def test_a_moment_that_no_zone_could_show_is_no_time(sent):
    assert parse_time(sent) is None


def test_a_far_moment_does_not_break_the_page_that_shows_it(settings):
    settings.TIME_ZONE = "Asia/Tokyo"

    assert "9999" in when(datetime(9999, 12, 31, 23, 59, tzinfo=UTC))


def test_a_user_form_that_was_open_gives_no_role_back(client):
    colleague, admin = UserFactory(role="Manager"), UserFactory(is_superuser=True)
    client.force_login(admin)
    page = reverse("admin:auth_user_change", args=[colleague.pk])
    form = client.get(page).context["adminform"].form
    shown = {
        form.add_prefix(name): form[name].value() for name in form.fields if form[name].value() not in (None, False)
    }
    shown |= {f"initial-{name}": value for name, value in shown.items()}
    colleague.groups.set([Group.objects.get(name="Viewer")])

    client.post(page, shown | {"email": "new@example.com"})

    now = User.objects.get(pk=colleague.pk)
    assert now.email == "new@example.com"
    assert [group.name for group in now.groups.all()] == ["Viewer"]


def test_a_settings_form_that_was_open_reveals_no_codes_again(client):
    ProjectSettings.objects.update_or_create(id=1, defaults={"reveal_unpublished_codes": False})
    client.force_login(UserFactory(role="Manager"))
    opened_before = {
        "name": "Handout", "time_zone": "UTC", "currency": "EUR", "keep_failures_days": 90, "keep_files_days": 30,
        "undo_minutes": 10, "reveal_unpublished_codes": "on",
    }  # fmt: skip
    initial = {f"initial-{name}": "True" if value == "on" else value for name, value in opened_before.items()}

    client.post(reverse("staff:settings"), opened_before | initial | {"currency": "USD"})

    now = ProjectSettings.current()
    assert (now.currency, now.reveal_unpublished_codes) == ("USD", False)


def test_odd_characters_in_addresses_are_no_fault(client):
    client.force_login(UserFactory(role="Manager"))
    campaign = CampaignFactory()

    for address, query in [
        (reverse("campaigns:suggest"), {"q": "\x00"}),
        (reverse("publications:publish", args=[campaign.pk]), {"customer": "a\x00b"}),
        (reverse("campaigns:preview"), {"count": "9" * 5000}),
    ]:
        assert client.get(address, query).status_code == 200
    assert Campaign.objects.count() == 1
