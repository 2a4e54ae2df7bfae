"""The floors hold for names in text too: of pages, templates, tag libraries and tables. Of imports, import-linter holds them."""

from __future__ import annotations

import re
import tomllib

import pytest
from django.apps import apps
from django.template.engine import Engine

from tests.support.root import ROOT

# What names something of a higher room all the same: (file, what it names) -> why.
EXCEPTIONS = {
    ("campaigns/codes/balance.py", "redemptions_redemption"): (
        "who takes a code back or holds it back must know in the writing statement whether it was ever used, and a "
        "rolled-back use leaves no other trace"
    ),
}

AREAS = ["campaigns", "config", "customers", "publications"]
CODE = [path for area in AREAS for path in (ROOT / area).rglob("*.py")]
TEMPLATES = list((ROOT / "templates").rglob("*.html"))
FILES = [path for path in CODE if "migrations" not in path.parts] + TEMPLATES


def floors():
    """{module: height}, by the contract of import-linter: the higher, the more it may name."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    return {
        module: height for height, layer in enumerate(reversed(layers)) for module in layer.replace(" ", "").split(":")
    }


FLOORS = floors()
ROOMS = [app for app in apps.get_app_configs() if app.name.partition(".")[0] in AREAS]
LABELS = {app.label: app.name for app in ROOMS}  # the label is also that of its pages, tables and folder of templates


def height(module):
    """Of the module, or of the nearest that holds it; else of its area's pages. None for the composition root's own."""
    holder = module
    while holder and holder not in FLOORS:
        holder = holder.rpartition(".")[0]
    return FLOORS[holder] if holder else FLOORS.get(f"{module.partition('.')[0]}.pages")


def lowest(app, *parts):
    """The height of the first of the app's parts that the contract names, else of the app itself."""
    return next((FLOORS[f"{app}.{part}"] for part in parts if f"{app}.{part}" in FLOORS), height(app))


def floor_of(path):
    """How high a file stands."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] != "templates":
        return height(".".join(parts))
    return lowest(LABELS[parts[1]], "pages") if parts[1] in LABELS else None


def tables():
    return {
        model._meta.db_table: lowest(app.name, "models")
        for app in ROOMS
        for model in app.get_models(include_auto_created=True)
    }


def tag_libraries():
    return {
        name: height(module)
        for name, module in Engine.get_default().libraries.items()
        if module.startswith(tuple(LABELS.values()))
    }


TABLES, LIBRARIES = tables(), tag_libraries()


def owner_of(path):
    """The label of the room that a file belongs to: it may name its own pages and templates anywhere."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    holders = [label for label, name in LABELS.items() if module.startswith((f"{name}.", f"templates.{label}."))]
    return max(holders, key=lambda label: len(LABELS[label]), default="")


def named(path, text):
    """(what, its height) of each page, template, tag library and table that a file names."""
    pages = re.findall(r"""["']((\w+):[a-z][\w-]*)["']""", text)
    templates = re.findall(r"""["']((\w+)/[\w/]+\.html)["']""", text)
    for name, room in [*pages, *templates]:
        if room in LABELS and room != owner_of(path):
            yield name, lowest(LABELS[room], "pages")
    if path.suffix == ".html":
        for libraries in re.findall(r"{% load ([\w ]+) %}", text):
            yield from ((name, LIBRARIES[name]) for name in libraries.split() if name in LIBRARIES)
    else:
        for name in re.findall(r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE|ON)\s+(?:ONLY\s+)?\"?(\w+)", text):
            if name in TABLES:
                yield name, TABLES[name]


def above(path, text):
    floor = floor_of(path)
    return [] if floor is None else [name for name, height_of_name in named(path, text) if height_of_name > floor]


def test_no_room_names_a_page_template_tag_library_or_table_of_a_higher_one():
    text = {path: path.read_text() for path in FILES}

    seen = sum(len(list(named(path, text[path]))) for path in FILES)
    guilty = {(str(path.relative_to(ROOT)), name) for path in FILES for name in above(path, text[path])}

    assert seen > 500
    assert guilty == EXCEPTIONS.keys()


@pytest.mark.parametrize(
    ("file", "text", "what"),
    [
        ("campaigns/pages/views.py", 'redirect("dashboard:campaign")', "dashboard:campaign"),
        ("campaigns/actions/create_campaign.py", '"SELECT id FROM codes_voucher"', None),
        ("customers/models.py", '"SELECT id FROM redemptions_redemption"', "redemptions_redemption"),
        ("templates/customers/list.html", '{% include "exports/_name.html" %}', "exports/_name.html"),
        ("templates/segments/segment.html", '{% url "distributions:create" %}', "distributions:create"),
        ("templates/campaigns/list.html", "{% load campaign_page %}", "campaign_page"),
        ("templates/dashboard/home.html", '{% url "campaigns:list" %}', None),
        ("templates/partials/links/_report.html", '{% url "exports:report" %}', None),
    ],
)
def test_the_floors_are_told_apart(file, text, what):
    assert (ROOT / file).exists()
    assert above(ROOT / file, text) == ([what] if what else [])
