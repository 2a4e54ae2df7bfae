"""What the type-ahead of the Publish dialog is answered with."""

import re

import pytest

from tests.support.factories import CustomerFactory

pytestmark = pytest.mark.django_db
URL = "/customers/suggest"


def options(answer) -> list[tuple[str, str]]:
    """[(the option's value, its text), …]"""
    found = re.findall(r'<li role="option"[^>]*data-value="([^"]*)"[^>]*>(.*?)</li>', answer.content.decode(), re.S)
    return [(value, " ".join(re.sub(r"<[^>]+>", " ", text).split())) for value, text in found]


def test_matches_come_with_what_tells_them_apart_and_last_the_offer_to_make_one(signed_in):
    mara = CustomerFactory(name="Mara Lind", email="mara@example.com", source_id="crm-77")

    answer = signed_in("Operator").get(URL, {"q": "mar"})

    assert options(answer) == [
        (mara.public_id, "Mara Lind mara@example.com · crm-77"),
        ("mar", "Create “mar” A new customer"),
    ]


def test_at_most_eight_matches(signed_in):
    CustomerFactory.create_batch(9, name="Mara Lind")

    found = options(signed_in("Operator").get(URL, {"q": "mara"}))

    assert len(found) == 8 + 1


def test_nothing_typed_suggests_nothing(signed_in):
    CustomerFactory()

    assert options(signed_in("Operator").get(URL, {"q": " "})) == []


def test_what_was_typed_is_escaped(signed_in):
    page = signed_in("Operator").get(URL, {"q": '<b>"'}).content.decode()

    assert "<b>" not in page
    assert 'data-value="&lt;b&gt;&quot;"' in page
