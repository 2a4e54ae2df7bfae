"""Every address and every role: what must happen. A view whose address is not in the tables below fails here.

The answers, in the order of ROLES: "login" is a redirect to the sign-in page, "ok" means let in (a page, a redirect
onwards, or a form that is shown again because the walk sends it empty), a number is that status.
"""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from customers.models import Customer
from tests.factories import UserFactory
from tests.one_of_each import one_of_each

pytestmark = pytest.mark.django_db
ROLES = ("anonymous", "no role", "Viewer", "Operator", "Exporter", "Manager")

EVERYBODY = "ok    ok  ok  ok  ok  ok"
SIGNED_IN = "login ok  ok  ok  ok  ok"
READ = "     login 403 ok  ok  ok  ok"
PUBLISH = "  login 403 403 ok  403 ok"
EXPORT = "   login 403 403 403 ok  ok"
MANAGE = "   login 403 403 403 403 ok"
HAND_OUT = " login 403 403 403 403 ok"  # and who is Operator and Exporter
NOBODY = "   login 403 403 403 403 403"
NO_POST = NO_GET = "405 405 405 405 405 405"
STAFF_404 = "login 403 404 404 404 404"
STAFF_405 = "login 403 405 405 405 405"

# name: (GET, POST)
PAGES = {
    "publications:home": (READ, NO_POST),
    "publications:search": (READ, NO_POST),
    # campaigns
    "campaigns:list": (READ, NO_POST),
    "campaigns:suggest": (READ, NO_POST),
    "campaigns:create": (MANAGE, MANAGE),
    "campaigns:preview": (MANAGE, NO_POST),
    "publications:campaign": (READ, NO_POST),
    "publications:campaign-codes": (READ, NO_POST),
    "publications:campaign-activity": (READ, NO_POST),
    "publications:publish": (PUBLISH, PUBLISH),
    "campaigns:settings": (MANAGE, MANAGE),
    "campaigns:extend": (MANAGE, MANAGE),
    "campaigns:order": (READ, MANAGE),
    "campaigns:enable": (NO_GET, MANAGE),
    "campaigns:disable": (NO_GET, MANAGE),
    "campaigns:delete": (MANAGE, MANAGE),
    "campaigns:import": (MANAGE, MANAGE),
    # codes
    "campaigns:codes": (READ, NO_POST),
    "campaigns:create-codes": (MANAGE, MANAGE),
    "campaigns:import-codes": (MANAGE, MANAGE),
    "campaigns:code-import": (MANAGE, MANAGE),
    "campaigns:code-import-errors": (MANAGE, NO_POST),
    "campaigns:code-import-discard": (NO_GET, MANAGE),
    "campaigns:code-import-retry": (NO_GET, MANAGE),
    "publications:code": (READ, NO_POST),
    "publications:publish-code": (PUBLISH, PUBLISH),
    "publications:release": (MANAGE, MANAGE),
    "campaigns:edit-code": (MANAGE, MANAGE),
    "campaigns:enable-code": (NO_GET, MANAGE),
    "campaigns:disable-code": (NO_GET, MANAGE),
    # customers
    "customers:list": (READ, NO_POST),
    "customers:suggest": (PUBLISH, NO_POST),
    "customers:create": (PUBLISH, PUBLISH),
    "customers:import": (PUBLISH, PUBLISH),
    "customers:customer-import": (PUBLISH, PUBLISH),
    "customers:customer-import-errors": (PUBLISH, NO_POST),
    "customers:customer-import-discard": (NO_GET, PUBLISH),
    "customers:customer-import-retry": (NO_GET, PUBLISH),
    "publications:customer": (READ, NO_POST),
    "publications:customer-publications": (READ, NO_POST),
    "publications:customer-redemptions": (READ, NO_POST),
    "publications:customer-messages": (READ, NO_POST),
    "publications:customer-events": (READ, NO_POST),
    "publications:resubscribe": (NO_GET, PUBLISH),
    "publications:publish-to": (PUBLISH, NO_POST),
    "customers:edit": (PUBLISH, PUBLISH),
    "publications:erase-customer": (MANAGE, MANAGE),
    "customers:find": (READ, NO_POST),
    # segments
    "customers:segments": (READ, NO_POST),
    "customers:segment": (READ, NO_POST),
    "customers:create-segment": (PUBLISH, PUBLISH),
    "customers:create-static": (PUBLISH, PUBLISH),
    "customers:count-segment": (PUBLISH, NO_POST),
    "customers:edit-segment": (PUBLISH, PUBLISH),
    "customers:delete-segment": (PUBLISH, PUBLISH),
    "customers:fill-segment": (PUBLISH, PUBLISH),
    "customers:add-to-segment": (NO_GET, PUBLISH),
    "customers:remove-from-segment": (NO_GET, PUBLISH),
    # referral programs
    "publications:referrals": (READ, NO_POST),
    "publications:referrers": (READ, NO_POST),
    "publications:program": (MANAGE, MANAGE),
    # automatic distributions
    "automations:list": (READ, NO_POST),
    "automations:automation": (READ, NO_POST),
    "automations:create": (PUBLISH, PUBLISH),
    "automations:rule": (PUBLISH, PUBLISH),
    "automations:codes": (PUBLISH, PUBLISH),
    "automations:message": (PUBLISH, PUBLISH),
    "automations:activate": (NO_GET, PUBLISH),
    "automations:pause": (NO_GET, PUBLISH),
    "automations:archive": (PUBLISH, PUBLISH),
    "automations:discard": (PUBLISH, PUBLISH),
    "automations:retry": (NO_GET, PUBLISH),
    "automations:resolve": (NO_GET, PUBLISH),
    # publications
    "publications:all": (READ, NO_POST),
    "publications:publication": (READ, NO_POST),
    "publications:import": (MANAGE, MANAGE),
    "publications:publication-import": (MANAGE, MANAGE),
    "publications:publication-import-errors": (MANAGE, NO_POST),
    "publications:publication-import-discard": (NO_GET, MANAGE),
    "publications:publication-import-retry": (NO_GET, MANAGE),
    # distributions
    "distributions:list": (READ, NO_POST),
    "distributions:create": (PUBLISH, PUBLISH),
    "distributions:suggest-customers": (PUBLISH, NO_POST),
    "distributions:distribution": (READ, NO_POST),
    "distributions:rename": (PUBLISH, PUBLISH),
    "distributions:audience": (PUBLISH, PUBLISH),
    "distributions:codes": (PUBLISH, PUBLISH),
    "distributions:message": (PUBLISH, PUBLISH),
    "distributions:when": (PUBLISH, PUBLISH),
    "distributions:discard": (PUBLISH, PUBLISH),
    "distributions:review": (PUBLISH, NO_POST),
    "distributions:suggest-recipients": (PUBLISH, NO_POST),
    "distributions:preview": (PUBLISH, NO_POST),
    "distributions:test": (NO_GET, PUBLISH),
    "distributions:start": (NO_GET, PUBLISH),
    "distributions:cancel": (NO_GET, PUBLISH),
    "distributions:pause": (NO_GET, PUBLISH),
    "distributions:resume": (NO_GET, PUBLISH),
    "distributions:stop": (PUBLISH, PUBLISH),
    "distributions:retry": (NO_GET, PUBLISH),
    "distributions:duplicate": (NO_GET, PUBLISH),
    "distributions:resolve": (NO_GET, PUBLISH),
    "distributions:unsubscribe": (EVERYBODY, EVERYBODY),
    "distributions:outbox": (READ, NO_POST),
    "distributions:outbox-message": (READ, NO_POST),
    "distributions:outbox-html": (READ, NO_POST),
    # files
    "publications:exports": (READ, NO_POST),
    "publications:campaign-exports": (READ, NO_POST),
    "publications:export": (READ, NO_POST),
    "publications:export-status": (READ, NO_POST),
    "publications:report": (EXPORT, EXPORT),
    "publications:download": (NO_GET, EXPORT),
    "publications:retry-export": (NO_GET, EXPORT),
    "publications:hand-out": (HAND_OUT, HAND_OUT),
    # settings
    "config:api-keys": (MANAGE, NO_POST),
    "config:create-api-key": (MANAGE, MANAGE),
    "config:api-key-made": (MANAGE, NO_POST),
    "config:api-key-log": (MANAGE, NO_POST),
    "config:revoke-api-key": (MANAGE, MANAGE),
    "publications:webhooks": (MANAGE, NO_POST),
    "publications:create-webhook": (MANAGE, MANAGE),
    "publications:webhook": (MANAGE, NO_POST),
    "publications:edit-webhook": (MANAGE, MANAGE),
    "publications:webhook-secret": (MANAGE, MANAGE),
    "publications:pause-webhook": (NO_GET, MANAGE),
    "publications:resume-webhook": (NO_GET, MANAGE),
    "publications:delete-webhook": (MANAGE, MANAGE),
    "publications:test-webhook": (NO_GET, MANAGE),
    "publications:retry-webhook": (NO_GET, MANAGE),
    "publications:webhook-delivery": (MANAGE, NO_POST),
    "publications:send-webhook-again": (NO_GET, MANAGE),
    "config:settings": (MANAGE, MANAGE),
    "config:audit-log": (MANAGE, NO_POST),
    # the API's reference
    "docs": (EVERYBODY, NO_POST),
    "openapi": (EVERYBODY, NO_POST),
    # signing in
    "login": (EVERYBODY, EVERYBODY),
    "logout": (NO_GET, "login login login login login login"),
    "password_change": (SIGNED_IN, SIGNED_IN),
    "password_change_done": (SIGNED_IN, "login 405 405 405 405 405"),
}

# By the signed link in an e-mail, also by mail programs that post there by themselves.
BY_LINK = {"distributions:unsubscribe"}

# Pages that anybody may open, or anybody who has signed in: Django's own views, the API's reference, and those by link.
OPEN = {"docs", "openapi", "login", "logout", "password_change", "password_change_done", *BY_LINK}

# What belongs to no model: (GET, POST)
ADMIN = {
    "admin:index": (READ, READ),
    "admin:app_list": (READ, READ),
    "admin:jsi18n": (READ, STAFF_405),
    "admin:login": ("login 403 403 403 403 403", "login 403 403 403 403 403"),
    "admin:logout": ("ok ok 405 405 405 405", "ok ok login login login login"),
    "admin:password_change": (READ, READ),
    "admin:password_change_done": (READ, STAFF_405),
    "admin:view_on_site": (STAFF_404, STAFF_404),
    "admin:autocomplete": (STAFF_404, STAFF_405),
    "admin:auth_user_password_change": (MANAGE, MANAGE),
}

# model: (looking, adding, changing, deleting)
ADMIN_MODELS = {
    "auth_group": (MANAGE, NOBODY, NOBODY, NOBODY),
    "auth_user": (MANAGE, MANAGE, MANAGE, MANAGE),
    "campaigns_campaign": (READ, NOBODY, MANAGE, NOBODY),
    "campaigns_codeimport": (READ, NOBODY, NOBODY, NOBODY),
    "campaigns_codeorder": (READ, NOBODY, NOBODY, NOBODY),
    "campaigns_voucher": (READ, NOBODY, NOBODY, NOBODY),
    "config_apikey": (MANAGE, NOBODY, NOBODY, NOBODY),
    "config_auditentry": (MANAGE, NOBODY, NOBODY, NOBODY),
    "config_projectsettings": (MANAGE, NOBODY, NOBODY, NOBODY),
    "customers_customer": (READ, NOBODY, MANAGE, NOBODY),
    "customers_customerimport": (READ, NOBODY, NOBODY, NOBODY),
    "customers_event": (READ, NOBODY, NOBODY, NOBODY),
    "customers_segment": (READ, NOBODY, NOBODY, NOBODY),
    "campaigns_campaigncount": (READ, NOBODY, NOBODY, NOBODY),
    "campaigns_campaigndeletion": (READ, NOBODY, NOBODY, NOBODY),
    "campaigns_refusedcode": (MANAGE, NOBODY, NOBODY, NOBODY),
    "config_apicall": (MANAGE, NOBODY, NOBODY, NOBODY),
    "config_listener": (MANAGE, NOBODY, NOBODY, NOBODY),
    "config_outbox": (MANAGE, NOBODY, NOBODY, NOBODY),
    "customers_refusedcustomer": (PUBLISH, NOBODY, NOBODY, NOBODY),
    "customers_segmentchange": (READ, NOBODY, NOBODY, NOBODY),
    "customers_segmentmember": (READ, NOBODY, NOBODY, NOBODY),
    "customers_watchedmember": (READ, NOBODY, NOBODY, NOBODY),
    "customers_watchedsegment": (READ, NOBODY, NOBODY, NOBODY),
    "publications_daytally": (MANAGE, NOBODY, NOBODY, NOBODY),
    "publications_delivery": (READ, NOBODY, NOBODY, NOBODY),
    "publications_distribution": (READ, NOBODY, NOBODY, NOBODY),
    "publications_emailgrant": (MANAGE, NOBODY, NOBODY, NOBODY),
    "publications_firing": (READ, NOBODY, NOBODY, NOBODY),
    "publications_keptmessage": (READ, NOBODY, NOBODY, NOBODY),
    "publications_listedrecipient": (READ, NOBODY, NOBODY, NOBODY),
    "publications_referral": (READ, NOBODY, NOBODY, NOBODY),
    "publications_referralprogram": (READ, NOBODY, NOBODY, NOBODY),
    "publications_refusedpublication": (MANAGE, NOBODY, NOBODY, NOBODY),
    "publications_rule": (READ, NOBODY, NOBODY, NOBODY),
    "publications_tallyprogress": (MANAGE, NOBODY, NOBODY, NOBODY),
    "publications_unsubscribe": (READ, NOBODY, NOBODY, NOBODY),
    "publications_export": (READ, NOBODY, NOBODY, NOBODY),
    "publications_publication": (READ, NOBODY, NOBODY, NOBODY),
    "publications_publicationimport": (READ, NOBODY, NOBODY, NOBODY),
    "publications_publishedvoucher": (READ, NOBODY, NOBODY, NOBODY),
    "publications_redemption": (READ, NOBODY, NOBODY, NOBODY),
    "publications_webhookaddress": (MANAGE, NOBODY, NOBODY, NOBODY),
    "publications_webhookdelivery": (MANAGE, NOBODY, NOBODY, NOBODY),
    "procrastinate_procrastinatejob": (MANAGE, NOBODY, NOBODY, NOBODY),
}

# What may be done with ticked rows of the admin's lists; who is in no row is offered nothing.
ADMIN_ACTIONS = {
    ("auth_user", "Manager"): {"delete_selected"},
    ("campaigns_campaign", "Operator"): {"publish"},
    ("campaigns_campaign", "Manager"): {"publish", "enable", "disable"},
    ("campaigns_voucher", "Operator"): {"publish"},
    ("campaigns_voucher", "Manager"): {"publish", "enable", "disable"},
    ("campaigns_codeorder", "Manager"): {"retry"},
}

# Those of the admin's model pages that answer to (GET, POST).
PAGES_OF_A_MODEL = {"changelist": ("look", "look"), "add": ("add", "add"), "change": ("look", "change")}
PAGES_OF_A_MODEL |= {"delete": ("delete", "delete"), "history": ("look", "look")}


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
    assert set(NAMED) - set(TABLE) == set(), "say in tests/test_roles.py who may open these"
    assert set(TABLE) - set(NAMED) == set(), "these addresses are gone"


@pytest.mark.parametrize("name", sorted(TABLE))
def test_each_role_gets_the_answer_in_the_table(name):
    url = url_of(name, one_of_each())
    browsers = {role: browser_of(role) for role in ROLES}

    answers = {
        method: {role: answer(browser, method, url) for role, browser in browsers.items()} for method in ("get", "post")
    }

    assert answers == {method: expected(row) for method, row in zip(("get", "post"), TABLE[name], strict=True)}


def test_a_hand_out_needs_operator_and_exporter():
    url, both = url_of("publications:hand-out", one_of_each()), Client()
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
def test_a_post_without_the_token_of_the_form_is_refused(name):
    browser = browser_of("Manager", Client(enforce_csrf_checks=True))

    assert browser.post(url_of(name, one_of_each())).status_code == 403


@pytest.mark.parametrize("name", sorted(set(PAGES) - OPEN))
def test_every_page_says_what_it_requires(name):
    """The table tells what happens with one row of each; this tells that it was not by chance."""
    _, pattern = addresses()[name]

    assert pattern.callback.abilities


@pytest.mark.parametrize(
    "route", sorted(route for route, _ in addresses().values() if is_api(route) and route != "v1/")
)
def test_no_role_opens_the_api(route):
    """It asks for a key, whoever is signed in (tests/test_api_auth.py)."""
    url = "/" + re.sub(r"<[^>]+>", "1", route)

    assert {browser_of(role).get(url).status_code for role in ROLES} <= {401, 405}


def url_of(name: str, made: dict[str, int]) -> str:
    """The address, with the key of a row that exists for each argument that it takes."""
    arguments = re.findall(r"<(?:\w+:)?(\w+)>", NAMED[name])
    if name == "admin:app_list":
        return reverse(name, args=["customers"])
    if name == "admin:view_on_site":
        made |= {"content_type_id": ContentType.objects.get_for_model(Customer).pk, "object_id": made["customer_id"]}
    elif name == "admin:autocomplete":
        return reverse(name) + "?app_label=auth&model_name=user&field_name=groups"
    elif name in ("publications:referrals", "publications:referrers", "publications:program"):
        made = made | {"campaign_id": made["program_id"]}
    elif name.startswith("automations:") and arguments:
        made = made | {"distribution_id": made["automation_id"], "recipient_id": made["fired_id"]}
    elif "recipient_id" in arguments:  # which a draft has none of
        made = made | {"distribution_id": made["run_id"]}
    elif "import_id" in arguments:
        kind = {"campaigns": "code", "customers": "customer", "publications": "publication"}[name.partition(":")[0]]
        made["import_id"] = made[f"{kind}_import_id"]
    elif name.startswith("admin:") and arguments:
        app_label, model = name.removeprefix("admin:").split("_")[:2]
        row = apps.get_model(app_label, model).objects.order_by("pk").first()
        assert row, f"tests/one_of_each.py makes no {app_label}.{model}"
        made |= {"object_id": row.pk, "id": row.pk}
    return reverse(name, kwargs={argument: made[argument] for argument in arguments})


def browser_of(role: str, browser: Client | None = None) -> Client:
    browser = browser or Client()
    if role != "anonymous":
        browser.force_login(UserFactory(role=None if role == "no role" else role))
    return browser


def answer(browser: Client, method: str, url: str) -> str:
    """As in the tables. What the request changed is undone, so that the next role meets the same rows."""
    with transaction.atomic():
        response = getattr(browser, method)(url)
        if response.status_code == 302 and response.url.startswith("/admin/login/"):
            response = browser.get(response.url)  # which sends the one to sign in and tells the other why not
        transaction.set_rollback(True)
    if response.status_code == 302 and "/login/" in response.url:
        return "login"
    return "ok" if response.status_code in (200, 202, 302) else str(response.status_code)
