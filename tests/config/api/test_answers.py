"""How the API's answers are made of their schemas: plain dicts, in the order of the fields (docs/adr/0015)."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Literal

import pytest

from campaigns.codes import answers
from campaigns.codes.models import Voucher
from config.api.schemas import MAYBE, Answer, Moment, NeverSet, Nothing, Rules


class Thing(Answer):
    object: Literal["thing"]
    id: str
    name: str
    hint: str = MAYBE
    created_at: Moment
    deleted_at: Moment | None
    kind: Literal["a", "b"]
    nothing: Nothing
    none: NeverSet
    rules: Rules


ROW = SimpleNamespace(
    public_id="t_1", name="Tea", kind="a", created_at=datetime(2026, 10, 24, 8, 15, 30, 17_000, UTC), deleted_at=None
)


def test_an_answer_is_a_plain_dict_of_the_row_in_the_order_of_the_fields():
    answer = Thing.of(ROW)

    assert list(answer.items()) == [
        ("object", "thing"),
        ("id", "t_1"),
        ("name", "Tea"),
        ("created_at", "2026-10-24T08:15:30.017Z"),
        ("deleted_at", None),
        ("kind", "a"),
        ("nothing", None),
        ("none", []),
        ("rules", {"object": "list", "data_ref": "data", "data": [], "total": 0}),
    ]


def test_what_it_is_told_goes_before_the_row_and_keeps_its_place():
    answer = Thing.of(ROW, kind="b", hint="hot", name="Coffee")

    assert (answer["kind"], answer["hint"], answer["name"]) == ("b", "hot", "Coffee")
    assert list(answer)[:4] == ["object", "id", "name", "hint"]


def test_a_field_that_it_does_not_have_is_a_mistake():
    with pytest.raises(TypeError, match="Thing has no nmae"):
        Thing.of(ROW, nmae="Tea")


@pytest.mark.parametrize("name", Voucher.TEXTS)
def test_every_text_of_a_voucher_is_answered(name):
    assert name in answers.Voucher.model_fields
