"""Every address and every role: what happens is what the tables of tests/support/access.py say."""

from __future__ import annotations

import re
from http.cookies import SimpleCookie

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from customers.models import Customer
from tests.support.access import ADMIN, ADMIN_ACTIONS, ADMIN_MODELS, BY_LINK, OPEN, PAGES, PAGES_OF_A_MODEL, ROLES
from tests.support.factories import UserFactory
from tests.support.one_of_each import one_of_each

pytestmark = pytest.mark.django_db


def addresses(resolver=None, namespace="", below="") -> dict[str, tuple[str, URLPattern]]:
    """{"customers:edit": ("customers/<cust:customer_id>/edit", pattern), …} of everything that answers."""
    found = {}
    for pattern in (resolver or get_resolver()).url_patterns:
        route = below + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            found[f"{namespace}{pattern.name}"] = (route, pattern)
        else:
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            found |= addresses(pattern, inner, route)
    return found


def is_api(route: str) -> bool:
    return route.startswith("v1/") and route not in ("v1/docs", "v1/openapi.json")


def admin_pages() -> dict[str, tuple[str, str]]:
    """The rows of ADMIN_MODELS, written out for each page of the admin: name -> (GET, POST)."""
    pages = dict(ADMIN)
    for model, (look, add, change, delete) in ADMIN_MODELS.items():
        rules = {"look": look, "add": add, "change": change, "delete": delete}
        for page, (on_get, on_post) in PAGES_OF_A_MODEL.items():
            pages[f"admin:{model}_{page}"] = (rules[on_get], rules[on_post])
    return pages


def expected(row: str) -> dict[str, str]:
    return dict(zip(ROLES, row.split(), strict=True))


TABLE = PAGES | admin_pages()
# Two addresses of the admin have no name: the one that puts "change/" behind a bare key, and the one that finds nothing.
NAMED = {name: route for name, (route, _) in addresses().items() if not is_api(route) and not name.endswith(":None")}


def test_every_address_is_in_the_table_and_nothing_else():
    assert set(NAMED) - set(TABLE) == set(), "say in tests/support/access.py who may open these"
    assert set(TABLE) - set(NAMED) == set(), "these addresses are gone"


@pytest.fixture(scope="module")
def made(one_transaction):
    return one_of_each()


@pytest.fixture(scope="module")
def signed_in_as(one_transaction):
    """The cookies of one browser for each role."""
    return {role: browser_of(role).cookies for role in ROLES}


@pytest.mark.parametrize("name", sorted(TABLE))
def test_each_role_gets_the_answer_in_the_table(name, made, signed_in_as):
    url = url_of(name, dict(made))
    browsers = {role: with_cookies(cookies) for role, cookies in signed_in_as.items()}

    answers = {
        method: {role: answer(browser, method, url) for role, browser in browsers.items()} for method in ("get", "post")
    }

    assert answers == {method: expected(row) for method, row in zip(("get", "post"), TABLE[name], strict=True)}


def test_a_hand_out_needs_operator_and_exporter(made):
    url, both = url_of("exports:hand-out", dict(made)), Client()
    both.force_login(UserFactory(role="Operator"))
    User.objects.latest("pk").groups.add(Group.objects.get(name="Exporter"))

    assert answer(both, "get", url) == "ok"


def test_the_actions_of_the_admin_are_offered_to_whom_the_table_says(rf):
    offered = {}
    for role in ROLES[1:]:
        request = rf.get("/admin/")
        request.user = User.objects.get(pk=UserFactory(role=None if role == "no role" else role).pk)
        for model, model_admin in admin.site._registry.items():
            offered[model._meta.label_lower.replace(".", "_"), role] = set(model_admin.get_actions(request))

    assert {row: actions for row, actions in offered.items() if actions} == ADMIN_ACTIONS


POSTED = {name for name, (_, post) in TABLE.items() if post.split()[-1] in ("ok", "login")}


@pytest.mark.parametrize("name", sorted(POSTED - BY_LINK))
def test_a_post_without_the_token_of_the_form_is_refused(name, made, signed_in_as):
    browser = with_cookies(signed_in_as["Manager"], Client(enforce_csrf_checks=True))

    assert browser.post(url_of(name, dict(made))).status_code == 403


@pytest.mark.parametrize("name", sorted(set(PAGES) - OPEN))
def test_every_page_says_what_it_requires(name):
    """The table tells what happens with one row of each; this tells that it was not by chance."""
    _, pattern = addresses()[name]

    assert pattern.callback.abilities


@pytest.mark.parametrize(
    "route", sorted(route for route, _ in addresses().values() if is_api(route) and route != "v1/")
)
def test_no_role_opens_the_api(route, signed_in_as):
    """It asks for a key, whoever is signed in (tests/config/api/test_api_door.py)."""
    url = "/" + re.sub(r"<[^>]+>", "1", route)

    assert {with_cookies(cookies).get(url).status_code for cookies in signed_in_as.values()} <= {401, 405}


def url_of(name: str, made: dict[str, int]) -> str:
    """The address, with the key of a row that exists for each argument that it takes."""
    arguments = re.findall(r"<(?:\w+:)?(\w+)>", NAMED[name])
    if name == "admin:app_list":
        return reverse(name, args=["customers"])
    if name == "admin:view_on_site":
        made |= {"content_type_id": ContentType.objects.get_for_model(Customer).pk, "object_id": made["customer_id"]}
    elif name == "admin:autocomplete":
        return reverse(name) + "?app_label=auth&model_name=user&field_name=groups"
    elif name in ("referrals:referrals", "referrals:referrers", "referrals:program"):
        made = made | {"campaign_id": made["program_id"]}
    elif name.startswith("automation:") and arguments:
        made = made | {"distribution_id": made["automation_id"], "recipient_id": made["fired_id"]}
    elif "recipient_id" in arguments:  # which a draft has none of
        made = made | {"distribution_id": made["run_id"]}
    elif "import_id" in arguments:
        kind = {"campaigns": "code", "customers": "customer", "publications": "publication"}[name.partition(":")[0]]
        made["import_id"] = made[f"{kind}_import_id"]
    elif name.startswith("admin:") and arguments:
        app_label, model = name.removeprefix("admin:").split("_")[:2]
        row = apps.get_model(app_label, model).objects.order_by("pk").first()
        assert row, f"tests/support/one_of_each.py makes no {app_label}.{model}"
        made |= {"object_id": row.pk, "id": row.pk}
    return reverse(name, kwargs={argument: made[argument] for argument in arguments})


def browser_of(role: str) -> Client:
    browser = Client()
    if role != "anonymous":
        browser.force_login(UserFactory(role=None if role == "no role" else role))
    return browser


def with_cookies(cookies: SimpleCookie, browser: Client | None = None) -> Client:
    """A browser of its own, so that signing out here is noticed nowhere else."""
    browser = browser or Client()
    browser.cookies.load({name: morsel.value for name, morsel in cookies.items()})
    return browser


def answer(browser: Client, method: str, url: str) -> str:
    """As in the tables. What the request changed is undone, so that the next role meets the same rows."""
    with transaction.atomic():
        response = getattr(browser, method)(url)
        if response.status_code == 302 and response.url.startswith("/admin/login/"):
            response = browser.get(response.url)  # which sends the one to sign in and tells the other why not
        transaction.set_rollback(True)
    if response.status_code == 401 or (response.status_code == 302 and "/login/" in response.url):
        return "login"
    return "ok" if response.status_code in (200, 202, 302) else str(response.status_code)
