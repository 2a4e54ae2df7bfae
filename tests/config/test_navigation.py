"""The side bar shows what the user may open, and where they are."""

import re

import pytest
from django.urls import reverse

from config.navigation import MAIN, SETTINGS

pytestmark = pytest.mark.django_db

DAILY = [
    "Home",
    "Campaigns",
    "Codes",
    "Customers",
    "Segments",
    "Publications",
    "Redemptions",
    "Funnel",
    "Distributions",
    "Exports",
    "Alerts",
]
MANAGING = ["API keys", "Webhooks", "Project settings", "E-mail", "Audit log", "Users &amp; roles"]


def side_bar(client, address="/password/"):
    page = client.get(address).content.decode()
    nav = page[page.index('<nav aria-label="Main">') :]
    return re.findall(
        r'<a href="([^"]+)" title="[^"]+"( aria-current="page")?><svg.*?</svg><span class="label">(.*?)</span></a>',
        nav[: nav.index("</nav>")],
        re.S,
    )


@pytest.mark.parametrize("role", ["Viewer", "Operator", "Exporter"])
def test_daily_work_is_for_all_roles(signed_in, role):
    administration = [] if role == "Viewer" else ["Administration"]

    assert [label for _, _, label in side_bar(signed_in(role))] == [*DAILY, "Status", *administration]


def test_managers_see_the_settings(signed_in):
    assert [label for _, _, label in side_bar(signed_in("Manager"))] == [*DAILY, *MANAGING, "Status", "Administration"]


def test_who_has_no_role_sees_nothing(signed_in):
    assert side_bar(signed_in(None)) == []


@pytest.mark.parametrize(
    "address, here",
    [
        ("/admin/", ["Administration"]),
        ("/admin/auth/user/", ["Users &amp; roles"]),
        ("/automations/", ["Distributions"]),
        ("/messages/", ["Distributions"]),
        ("/password/", []),
    ],
)
def test_it_says_where_we_are(signed_in, address, here):
    assert [label for _, current, label in side_bar(signed_in("Manager"), address) if current] == here


def test_every_entry_leads_somewhere():
    for entry in MAIN + SETTINGS:
        assert reverse(entry.url_name)


def test_the_frame_of_a_page_costs_five_queries(signed_in, django_assert_num_queries):
    client = signed_in("Manager")

    with django_assert_num_queries(5):  # session, user, project, what the user may do, the bell
        client.get("/password/")


def test_the_projects_name_stands_in_the_side_bar_and_in_every_title(signed_in, project, client):
    project(name="Northbeam <Coffee>")
    browser = signed_in("Manager")

    for address in ("/campaigns/", "/admin/auth/user/"):
        page = browser.get(address).content.decode()
        brand = re.search(r'<span class="names">(.*?)</a>', page).group(1)
        assert re.sub(r"<[^>]*>", "|", brand) == "|Northbeam &lt;Coffee&gt;||Handout||"
        assert " · Northbeam &lt;Coffee&gt;</title>" in page
    for address in ("/login/", "/v1/docs"):  # whoever has not signed in does not learn whose installation it is
        assert "Northbeam" not in client.get(address).content.decode()


def test_a_project_without_a_name_of_its_own_is_called_handout(signed_in):
    page = signed_in("Manager").get("/campaigns/").content.decode()

    assert '<span class="names">Handout</span></a>' in page
    assert "<title>Campaigns · Handout</title>" in page
