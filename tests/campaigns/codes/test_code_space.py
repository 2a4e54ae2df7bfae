"""What codes look like, how many there can be, and that drawing them is fair."""

import pytest

from campaigns.codes.code_space import UNAMBIGUOUS, CodeSpaceTooSmall, InvalidCodeConfiguration, code_space


def test_a_code_is_prefix_random_places_and_postfix():
    space = code_space(charset="AB", length=3, prefix="50%-", postfix="#")

    codes = space.draw(100)

    assert {code[:4] for code in codes} == {"50%-"}
    assert {code[4:7] for code in codes} == {a + b + c for a in "AB" for b in "AB" for c in "AB"}
    assert {code[7:] for code in codes} == {"#"}


def test_a_pattern_overrides_the_length_and_keeps_its_other_characters():
    space = code_space(charset="01", length=30, prefix="X", pattern="A#-#")

    assert sorted(space.all()) == ["XA0-0", "XA0-1", "XA1-0", "XA1-1"]
    assert space.size == 4


def test_each_character_is_as_likely_as_any_other_also_when_256_is_no_multiple():
    space = code_space(charset="0123456789", length=1)

    drawn = space.draw(200_000)

    # 20,000 each, standard deviation 134: a bias of `byte % 10` would give 0 to 5 some 20,312 and the rest 19,531.
    assert all(abs(drawn.count(digit) - 20_000) < 800 for digit in "0123456789")


def test_an_alphabet_beyond_ascii_is_drawn_as_it_is_written():
    space = code_space(charset="ÄЖ漢", length=2)

    assert set(space.draw(500)) == set(space.all())


def test_the_default_alphabet_has_no_characters_that_look_alike():
    assert len(UNAMBIGUOUS) == 32
    assert not set("01IO") & set(UNAMBIGUOUS)


@pytest.mark.parametrize(
    ("configuration", "field"),
    [
        ({"charset": "AAB"}, "charset"),
        ({"charset": "A"}, "charset"),
        ({"charset": "A B"}, "charset"),
        ({"charset": "AB\u200b"}, "charset"),
        ({"length": 0}, "length"),
        ({"length": 250, "prefix": "ABCDEF"}, "length"),
        ({"prefix": "A B"}, "prefix"),
        ({"postfix": "\n"}, "postfix"),
        ({"pattern": "ABC"}, "pattern"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused_at_its_field(configuration, field):
    with pytest.raises(InvalidCodeConfiguration) as refused:
        code_space(**configuration)

    assert refused.value.field == field


def test_a_space_too_small_is_refused_with_the_arithmetic():
    space = code_space(length=4)

    with pytest.raises(CodeSpaceTooSmall) as refused:
        space.must_hold(2_000_000)

    assert str(refused.value) == (
        "32 characters in 4 random positions give 1,048,576 codes; 0 already exist, and 2,000,000 more were requested: "
        "use at least 5 random positions, or more characters."
    )
    space.must_hold(1_048_576)


@pytest.mark.parametrize(("codes", "places"), [(1, 1), (10, 1), (11, 2), (1000, 3), (1001, 4), (10**15, 15)])
def test_the_places_needed_are_exact_at_the_powers(codes, places):
    assert code_space(charset="0123456789").places_needed(codes) == places
