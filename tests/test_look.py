"""What every page keeps to: nothing inline, nothing from elsewhere, errors that say what to do, forms that are wired."""

import re
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.template.loader import get_template
from django.test import Client
from django.views import defaults

from config.staff.sign_in.errors import csrf_failure

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
INLINE = re.compile(
    r"""\sstyle=|<style|<script(?![^>]*\ssrc=)|\son[a-z]+=|hx-on|javascript:|["'(]data:""", re.IGNORECASE
)

POLICY = "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"


def test_no_template_holds_inline_style_or_script():
    guilty = [str(path.relative_to(ROOT)) for path in TEMPLATES if INLINE.search(path.read_text())]

    assert len(TEMPLATES) > 40
    assert guilty == []


def test_every_template_can_be_read():
    for path in TEMPLATES:
        get_template(str(path.relative_to(ROOT / "templates")))


def test_no_style_sheet_or_script_asks_another_server():
    files = [*(ROOT / "static").rglob("*.css"), *(ROOT / "static").rglob("*.js")]

    guilty = [path.name for path in files if re.search(r"https?://|data:|@import", path.read_text())]

    assert len(files) > 12
    assert guilty == []


@pytest.mark.parametrize("address", ["/login/", "/admin/", "/password/", "/admin/auth/user/", "/no-such-page"])
def test_every_page_has_the_strict_policy(signed_in, address):
    response = signed_in("Manager").get(address)

    directives = sorted(response["Content-Security-Policy"].split("; "))
    assert directives == sorted(POLICY.split("; "))


class TestErrorPages:
    """No database here: pytest-django would refuse it. That is the point, since it may be what failed."""

    def test_400(self, rf):
        assert "could not read this" in defaults.bad_request(rf.get("/"), ValueError()).content.decode()

    def test_403_says_what_is_missing(self, rf):
        response = defaults.permission_denied(rf.get("/"), PermissionDenied("You need permission to manage."))

        assert response.status_code == 403
        assert "You need permission to manage." in response.content.decode()

    def test_404(self, rf):
        assert "Page not found" in defaults.page_not_found(rf.get("/"), Http404()).content.decode()

    def test_500(self, rf):
        response = defaults.server_error(rf.get("/"))

        assert response.status_code == 500
        assert "<h1>Something went wrong on our side</h1>" in response.content.decode()

    def test_a_form_without_its_token(self, rf):
        response = csrf_failure(rf.post("/"))

        assert response.status_code == 403
        assert "This form has expired" in response.content.decode()


def test_a_post_without_token_is_answered_by_our_page(db):
    response = Client(enforce_csrf_checks=True).post("/login/", {"username": "a", "password": "b"})

    assert response.status_code == 403
    assert "This form has expired" in response.content.decode()


class OrderForm(forms.Form):
    count = forms.IntegerField(help_text="Up to 20.")
    note = forms.CharField(required=False)
    again = forms.BooleanField(required=False, help_text="Once more.")


def test_a_field_is_tied_to_its_help_and_its_error():
    page = str(OrderForm({"count": "many"}))

    assert '<label for="id_count">Count</label>' in page
    assert 'aria-describedby="id_count_helptext id_count_error"' in page
    assert 'aria-invalid="true"' in page
    assert '<div class="helptext" id="id_count_helptext">Up to 20.</div>' in page
    assert '<ul class="errorlist" id="id_count_error"><li>Enter a whole number.</li></ul>' in page


def test_a_field_that_may_stay_empty_says_so():
    page = str(OrderForm())

    assert '<label for="id_note">Note <span class="optional">(optional)</span></label>' in page
    assert '<label for="id_again">Again</label>' in page  # a box may always stay unticked


def test_fields_are_grouped_under_their_legends():
    class Grouped(OrderForm):
        fieldsets = [("Number of codes", "", ["count"]), ("The rest", "As you like.", ["note", "again"])]

    page = str(Grouped())

    assert re.findall(r"<legend>(.*?)</legend>", page) == ["Number of codes", "The rest <small>As you like.</small>"]
    assert [page.index(f'id="id_{name}"') for name in ("count", "note", "again")] == sorted(
        page.index(f'id="id_{name}"') for name in ("count", "note", "again")
    )


def test_what_is_wrong_with_the_whole_form_stands_above_it():
    class Refused(OrderForm):
        def clean(self):
            raise forms.ValidationError("Not today.")

    page = str(Refused({"count": 1}))

    assert page.index("Not today.") < page.index("id_count")
    assert 'role="alert"' in page


def test_the_colours_of_charts_and_channels_stand_out_in_both_themes():
    tokens = (ROOT / "static/css/tokens.css").read_text()
    colours = re.findall(r"--c\d+: light-dark\((#\w{6}), (#\w{6})\)", tokens)
    surface = re.search(r"--surface: light-dark\((#\w{6}), (#\w{6})\)", tokens).groups()

    assert len(colours) == 12
    for theme in (0, 1):
        assert [colour[theme] for colour in colours if contrast(colour[theme], surface[theme]) < 3] == []


def contrast(one: str, other: str) -> float:
    """As WCAG 2 computes it; 3 is what it asks of the parts of a chart."""
    lights = []
    for colour in (one, other):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
        lights.append(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    return (max(lights) + 0.05) / (min(lights) + 0.05)
