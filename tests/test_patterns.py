"""Regular expressions that read other people's text need time in step with its length, whatever the text.

A template of 50,000 braces once kept a web process busy for half a minute.
"""

import ast
import importlib
import pkgutil
import re
from itertools import product
from re import _constants as kind
from re import _parser as parser

import pytest
from django.http import QueryDict

from campaigns.durations import InvalidDuration, parse_duration
from config.api.conditions import parse_time_of_address
from config.api.door import ApiError
from config.api.filters import filters_of
from config.api.queries import read_object, read_values
from config.imports.csv.cells import RowRefused, lines_of, object_of
from config.imports.csv.formats import decimal_of, moment_of
from config.imports.csv.formulas import neutralised, neutralised_row, restored
from customers.segments.read_list import named_in
from publications.automation.actions.walk_segments import InvalidCron, next_time
from publications.distributions.compose import UnusableTemplate, check_template
from tests.publications.distributions.sending.test_distribution_message import message
from tests.support.root import ROOT
from tests.support.within import TooSlow, within

APPS = ["config", "campaigns", "customers", "publications"]
MB = 1_000_000
# These read only what we wrote ourselves: our routes, descriptions, sentences and examples.
OUR_OWN_TEXT = {
    "config/api/openapi.py",
    "config/api/examples.py",
    "config/staff/audit_sentences.py",
    "config/api/templatetags/reference.py",
    "config/server/restore.py",  # what pg_restore says of a dump
}
NOT_TO_BE_IMPORTED = ("migrations", "commands", "wsgi", "asgi")  # the latter two change the process


def patterns():
    """Every compiled pattern that a module of ours holds, by its place."""
    found = {}
    for app in APPS:
        for module in pkgutil.walk_packages([str(ROOT / app)], f"{app}."):
            if not set(NOT_TO_BE_IMPORTED) & set(module.name.split(".")):
                for name, value in vars(importlib.import_module(module.name)).items():
                    if isinstance(value, re.Pattern) and isinstance(value.pattern, str | bytes):
                        found.setdefault(value, f"{module.name}.{name}")
    return {place: pattern for pattern, place in found.items()}


PATTERNS = patterns()


def tokens_of(pattern):
    """Short texts of which a hostile input for the pattern would be made: what stands in it, and what it may skip."""
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    found, words = set(), []

    def walk(parsed):
        word = ""
        for op, value in parsed:
            if op is kind.LITERAL:
                word += chr(value)
                found.add(chr(value))
                continue
            words.append(word)
            word = ""
            if op is kind.IN:
                found.update(chr(v if o is kind.LITERAL else v[0]) for o, v in value if o in (kind.LITERAL, kind.RANGE))
                found.update("1" for o, v in value if o is kind.CATEGORY and v is kind.CATEGORY_DIGIT)
                found.update(" " for o, v in value if o is kind.CATEGORY and v is kind.CATEGORY_SPACE)
            elif op in (kind.MAX_REPEAT, kind.MIN_REPEAT, kind.POSSESSIVE_REPEAT):
                walk(value[2])
            elif op is kind.SUBPATTERN:
                walk(value[3])
            elif op is kind.BRANCH:
                for branch in value[1]:
                    walk(branch)
            elif op in (kind.ASSERT, kind.ASSERT_NOT):
                walk(value[1])
        words.append(word)

    walk(parser.parse(text))
    return sorted(word for word in {*sorted(found)[:12], *words, "a", " "} if word)


def looks_from_the_start_only(place):
    """Whether the pattern is only ever asked for what begins where the text does."""
    name = place.rpartition(".")[2]
    called = {
        call
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        for call in re.findall(rf"\b{name}\.(\w+)\(", path.read_text())
    }
    return bool(called) and called <= {"match", "fullmatch"}


@pytest.mark.parametrize("place", sorted(PATTERNS))
def test_a_pattern_reads_what_is_made_of_its_own_parts_in_one_go(place):
    pattern, length = PATTERNS[place], 30_000
    encode = (lambda text: text) if isinstance(pattern.pattern, str) else (lambda text: text.encode("latin-1"))
    tokens = tokens_of(pattern)
    texts = [token * (length // len(token)) for token in tokens]
    texts += [(a + b) * (length // len(a + b)) for a, b in product(tokens, tokens) if a != b]
    texts += [a + b * (length // len(b)) + "!" for a, b in product(tokens, tokens)]

    anchored = looks_from_the_start_only(place)

    for text in map(encode, texts):
        with within(1):
            if anchored:
                pattern.fullmatch(text)
            else:
                pattern.sub(text[:0], text)


def test_every_pattern_of_other_peoples_text_stands_where_this_test_finds_it():
    inside = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if str(path.relative_to(ROOT)) not in OUR_OWN_TEXT and "migrations" not in path.parts
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.Lambda)
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("re.") and call.func.attr != "escape"
    ]

    # The first is made of the names of our own parameters, without one repetition in another; the second is tried below.
    assert sorted(place.partition(":")[0] for place in inside) == [
        "config/api/filters.py",
        "config/imports/csv/formulas.py",
    ]
    assert len(PATTERNS) > 20


TEMPLATES = {
    "braces": "{" * MB,
    "closing braces": "}" * MB,
    "open variables": "{{ a" * (MB // 4),
    "an open variable": "{{" + "a" * MB,
    "spaces in one": "{{" + " " * MB,
    "variables": "{{code}}" * (MB // 8),
    "addresses": "https://" * (MB // 8),
    "an address of dots": "https://a" + "." * MB + "x",
    "dots and variables": "https://a" + ".{{code}}" * (MB // 9) + "x",
    "braces in addresses": "https://a{{" * (MB // 11),
    "one address": "http://" + "a" * MB,
    "blank lines": "\n " * (MB // 2),
    "line breaks": "a" + "\n" * MB + "a",
}


@pytest.mark.parametrize("what", sorted(TEMPLATES))
def test_a_megabyte_of_template(what):
    text = TEMPLATES[what]

    with within(5):
        try:
            check_template(text, with_code=True)
        except UnusableTemplate as refused:
            assert len(str(refused)) < 500
        message(text)


WORST = {
    "digits": "1" * MB,
    "letters": "a" * MB,
    "spaces": " " * MB,
    "numbers and letters": "1a" * (MB // 2),
    "numbers and spaces": "1 " * (MB // 2),
    "brackets": "[" * MB,
    "braces": "{" * MB,
    "quotes": '"' * MB,
    "apostrophes": "'" * MB,
    "commas and quotes": ',"' * (MB // 2),
    "semicolons and blanks": "; " * (MB // 2),
    "a separator, then blanks": ";" + " " * MB,
    "backslashes": "\\" * MB,
    "backslashes after a separator": ";\\" * (MB // 2),
    "signs": "=" * MB,
    "dots": "1" + "." * MB,
    "angle brackets": "<a@b" * (MB // 4) + ">",
    "line breaks": "\n" * MB,
    "a date": "2026-01-01" * (MB // 10),
    "an offset": " 01:00" * (MB // 6),
}
READERS = {
    "a duration": (parse_duration, InvalidDuration),
    "a moment": (moment_of, RowRefused),
    "a decimal": (lambda text: decimal_of(text, places=2), RowRefused),
    "a text": (lambda text: lines_of(text, 2 * MB), RowRefused),
    "an object": (object_of, RowRefused),
    "a formula": (neutralised, ()),
    "a row of ours": (lambda text: neutralised_row(text.encode()), ()),
    "a hidden formula": (lambda text: restored(text, ","), ()),
    "a list": (lambda text: list(named_in(text.splitlines())), ()),
    "a time of an address": (parse_time_of_address, ()),
    "a cron": (next_time, InvalidCron),
    "a filter's name": (lambda text: filters_of(query_of(**{f"filters[{text}": "1"}), {}), ApiError),
    "values": (lambda text: read_values(query_of(ids=f"['{text}"), "ids"), ()),
    "an index": (lambda text: read_values(query_of(**{f"ids[{text}": "1"}), "ids"), ()),
    "an object of a query": (lambda text: read_object(query_of(**{f"customer[{text}": "1"}), ["customer"]), ApiError),
}


def query_of(**values):
    query = QueryDict("", mutable=True)
    query.update(values)
    return query


@pytest.mark.django_db
@pytest.mark.parametrize("reader", sorted(READERS))
def test_a_megabyte_of_anything(reader):
    read, refusal = READERS[reader]

    for what, text in WORST.items():
        with within(5):
            try:
                read(text)
            except refusal:
                pass
            except TooSlow as slow:
                raise TooSlow(f"{what}: {slow}") from None


def test_a_template_of_too_many_variables_is_refused():
    check_template("{{ code }}" * 200, with_code=True)

    with pytest.raises(UnusableTemplate, match="at most 200 variables"):
        check_template("{{ code }}" * 201, with_code=True)
