"""A real Chromium before a real Handout: web server and worker as `make run` starts them, on the tests' own database."""

from __future__ import annotations

import os
import shutil
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from tests.support.factories import UserFactory
from tests.support.running_handout import RunningHandout

# Those that tests/browser/get_chromium looks for; without any of them it has fetched Playwright's own.
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))), None
)
FLAGS = """--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync""".split()
PATIENCE = 120_000  # milliseconds; two cores may be busy with the rest of the suite, and more

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}

# Said by the page itself, since an axe or a test may otherwise not notice what the policy has blocked.
REPORT_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
    console.error(`CSP: ${event.violatedDirective} blocked ${event.blockedURI || "inline"} in ${event.sourceFile}`))"""


@pytest.fixture(scope="package")
def handout(django_db_setup, django_db_blocker, tmp_path_factory):
    """One for all tests here: each test empties the database behind it (pytest-django), and the next one fills it anew."""
    server = connection.settings_dict
    where = urlencode({"host": server["HOST"], "port": server["PORT"] or 5432})
    password = f":{quote(server['PASSWORD'], safe='')}" if server["PASSWORD"] else ""
    started = RunningHandout(
        tmp_path_factory.mktemp("browser") / "data",
        DATABASE_URL=f"postgres://{server['USER']}{password}@/{server['NAME']}?{where}",
        SECRET_KEY=django_settings.SECRET_KEY,  # the sessions that a test makes are good there
        WORKERS="1",
    )
    with started as running:
        with django_db_blocker.unblock():
            User.objects.all().delete()  # the first administrator; each test makes its own people
        yield running
    # Procrastinate's tables are not Django's: nobody else empties them.
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")


@pytest.fixture(scope="package")
def chromium():
    # Playwright keeps an event loop running in this thread, which Django takes for a sign of async code.
    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        environment.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        expect.set_options(timeout=PATIENCE)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


# A request is dropped when the page is left, when a newer one replaces it, and when it becomes a download.
DROPPED = ("net::ERR_ABORTED", "htmx:sendAbort", "htmx:afterRequest")


def watch(page: Page, problems: list[str]) -> None:
    """From now on whatever goes wrong in the page is added to `problems`."""

    def note(problem: str) -> None:
        if not problem.startswith(DROPPED):
            problems.append(f"{page.url}: {problem}")

    page.on("console", lambda message: message.type == "error" and note(message.text))
    page.on("pageerror", lambda error: note(f"script: {error}"))
    page.on("response", lambda answer: answer.status >= 400 and note(f"{answer.status} {answer.url}"))
    page.on("requestfailed", lambda request: note(f"{request.failure} {request.url}"))


@pytest.fixture
def visit(handout, chromium, transactional_db, settings):
    """`visit(role="Manager")` is the page of somebody signed in with that role; without a role: of nobody.

    Other options are Playwright's (`viewport`, `color_scheme`, `java_script_enabled`, …). Whatever went wrong in a page
    (the policy blocked something, an error in the console, an answer of 400 or more) fails the test at its end.
    """
    # Files that a test makes lie where the server and its worker look for them.
    files = settings.STORAGES["files"]
    files = {**files, "OPTIONS": {**files["OPTIONS"], "location": handout.data_folder / "files"}}
    settings.STORAGES = {**settings.STORAGES, "files": files}
    address = f"http://127.0.0.1:{handout.port}"
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def begin(role: str | None = None, **options) -> Page:
        context = chromium.new_context(**{"base_url": address, "viewport": DESKTOP, **options})
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.add_init_script(REPORT_VIOLATIONS)
        if role:
            somebody = Client()
            somebody.force_login(UserFactory(role=role))
            session = somebody.cookies[django_settings.SESSION_COOKIE_NAME]
            context.add_cookies([{"name": session.key, "value": session.value, "url": address}])
        page = context.new_page()
        watch(page, problems)
        return page

    yield begin
    for context in contexts:
        context.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def page(visit) -> Page:
    """The page of a Manager at a desk."""
    return visit("Manager")
