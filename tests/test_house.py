"""The rules of the house that matter enough to be tests. The direction of imports is import-linter's (`make check`)."""

import ast
import re
from importlib.metadata import distributions, metadata
from pathlib import Path

import pytest
from django.core.management import call_command
from procrastinate.contrib.django import app as procrastinate

from tests.support.root import ROOT

APPS = ["config", "campaigns", "customers", "publications"]

# The doors, and what Django or a library calls: they may know HTTP. Whatever else stands in a room is a verb, a query or a rule.
DOORS = {"admin", "apps", "tasks", "urls", "api_schemas"}
DOOR_FOLDERS = {"answers", "api", "management", "migrations", "pages", "server", "staff", "templatetags"}


def python_files():
    return [path for app in APPS for path in sorted((ROOT / app).rglob("*.py")) if "migrations" not in path.parts]


def rooms():
    """{folder: its files}: a folder that says in its `__init__.py` what it is for, with what belongs to no room below it."""
    places = [
        path.parent for path in python_files() if path.name == "__init__.py" and path.read_text().startswith('"""')
    ]
    files = {place: [] for place in places}
    for path in python_files():
        if above := [place for place in places if place in path.parents]:
            files[max(above, key=lambda place: len(place.parts))].append(path)
    return files


def domain_files():
    return [
        path
        for path in python_files()
        if path.parent != ROOT / "config"
        and path.stem not in DOORS
        and not DOOR_FOLDERS & set(path.relative_to(ROOT).parts[1:-1])
    ]


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_verbs_know_no_http():
    forbidden = ("django.http", "django.shortcuts", "django.views", "django.contrib.messages", "ninja")

    guilty = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in domain_files()
        for name in imports_of(path)
        if name.startswith(forbidden)
    ]

    assert len(domain_files()) > 20
    assert guilty == []


def test_no_file_is_longer_than_400_lines():
    files = python_files() + [
        path
        for pattern in ("templates/**/*.html", "static/**/*.css", "static/**/*.js", "tests/**/*.py", "bench/**/*.py")
        for path in ROOT.glob(pattern)
    ]

    long = {str(path.relative_to(ROOT)): n for path in files if (n := len(path.read_text().splitlines())) > 400}

    assert long == {}


def test_there_is_no_drawer():
    drawers = {"utils", "helpers", "common", "services", "managers", "misc", "lib"}

    assert [str(path) for path in python_files() if path.stem in drawers or drawers & set(path.parts)] == []


def test_every_room_is_in_the_tour_of_the_readme():
    tour = (ROOT / "README.md").read_text()
    rows = re.findall(r"^\| [^|`]*((?:`[\w/]+/`(?:, )?)+)", tour, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([\w/]+)/`", row)}

    assert {str(room.relative_to(ROOT)) for room in rooms()} - {"publications/tallies"} <= named | {"config"}


def test_no_room_is_more_than_a_fifth_of_the_house():
    lines = {
        str(room.relative_to(ROOT)): sum(len(path.read_text().splitlines()) for path in files)
        for room, files in rooms().items()
    }

    assert len(lines) > 15
    assert {room: n for room, n in lines.items() if n > sum(lines.values()) / 5} == {}


def test_no_folder_is_a_drawer():
    folders = [path for app in [*APPS, "templates", "tests", "static", "bench"] for path in (ROOT / app).rglob("*/")]
    beside = {
        str(folder.relative_to(ROOT)): sum(path.is_file() and path.name != "__init__.py" for path in folder.iterdir())
        for folder in [*folders, *(ROOT / app for app in APPS)]
        if "__pycache__" not in folder.parts
    }

    assert {folder: n for folder, n in beside.items() if n > 25} == {}


def test_every_task_has_a_name_and_every_name_that_is_ordered_is_a_task():
    text = {path: path.read_text() for path in python_files()}
    nameless = [str(path) for path, code in text.items() if re.search(r"@app\.task\(\s*(?!name=|\s)", code)]
    ordered = {name for code in text.values() for name in re.findall(r'configure_task\("([\w.]+)"\)', code)}

    assert nameless == []
    assert len(ordered) > 5
    assert ordered - set(procrastinate.tasks) == set()


def test_no_two_files_import_each_other_in_a_circle():
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in python_files()}
    imports = {name: {found for found in imports_of(path) if found in names} for name, path in names.items()}

    while ends := {
        name
        for name, found in imports.items()
        if not found & imports.keys() or not any(name in others for others in imports.values())
    }:
        imports = {name: found - ends for name, found in imports.items() if name not in ends}

    assert imports == {}


def test_every_dependency_carries_its_reason():
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    start = lines.index("dependencies = [")
    end = lines.index("]", lines.index("dev = ["))

    without = [line for line in lines[start:end] if line.startswith('    "') and "  # " not in line]

    assert without == []


# Of what is installed to run Handout (ADR 0030), as its metadata name it.
LICENCES = {
    "MIT", "MIT License", "0BSD", "BSD License", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "Apache Software License", "PSF-2.0",
    "Apache-2.0 OR BSD-2-Clause", "Unlicense",
}  # fmt: skip
WEAK_COPYLEFT = {"psycopg", "psycopg-binary", "psycopg-pool"}  # LGPL 3: imported as they are, and replaceable


def licence_of(package):
    known = metadata(package)
    named = [line.split(" :: ")[-1] for line in known.get_all("Classifier", []) if line.startswith("License :: OSI")]
    return known.get("License-Expression") or ", ".join(named) or known.get("License")


def test_each_dependency_comes_under_a_licence_that_ours_permits():
    pinned = re.findall(r"^([\w-]+)==", (ROOT / "requirements" / "run.txt").read_text(), re.MULTILINE)
    installed = {dist.name.lower().replace("_", "-") for dist in distributions()}

    licences = {package: licence_of(package) for package in pinned if package in installed}

    assert len(licences) > 25
    assert {package: name for package, name in licences.items() if name == "LGPL-3.0-only"}.keys() == WEAK_COPYLEFT
    assert {p: name for p, name in licences.items() if p not in WEAK_COPYLEFT and name not in LICENCES} == {}


def test_pre_commit_runs_what_make_check_runs():
    makefile = (ROOT / "Makefile").read_text()
    recipe = re.search(r"^check: .*\n((?:\t.*\n)+)", makefile, re.MULTILINE)[1].splitlines()
    commands = [line.strip().replace("$(PY)", ".venv/bin/python") for line in recipe]
    hooks = re.findall(r"entry: (.*)", (ROOT / ".pre-commit-config.yaml").read_text())

    assert len(hooks) == 6
    assert hooks == [command.replace("@$(MAKE) --no-print-directory", "make --silent") for command in commands]


def test_who_asks_for_a_plan_says_what_the_planner_knows():
    asks = [
        path
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if any(word in path.read_text() for word in ("EXPLAIN", ".explain(", " plan(", "(plan("))
        and path != Path(__file__)
    ]
    silent = [
        path.name
        for path in asks
        if not any(f"{way}(" in path.read_text() for way in ("analyse", "forget_statistics", "offer_only_indexes"))
    ]

    assert len(asks) > 5
    assert silent == []


def test_no_package_index_is_named():
    named = [
        path.name
        for path in [*(ROOT / "requirements").glob("*.txt"), ROOT / "Makefile", ROOT / "pyproject.toml"]
        if "://" in path.read_text()
    ]

    assert named == []
    assert '"resolved"' not in (ROOT / "tests" / "npm" / "package-lock.json").read_text()


def decisions():
    return sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))


def test_decisions_are_numbered_without_gaps_and_their_index_lists_each():
    numbers = [path.name[:4] for path in decisions()]
    headings = [path.read_text().splitlines()[0].removeprefix("# ").split(": ", 1) for path in decisions()]
    index = (ROOT / "docs" / "adr" / "README.md").read_text().splitlines()

    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    assert [heading[0] for heading in headings] == numbers
    assert [line for line in index if line.startswith("- ")] == [
        f"- [{number}]({path.name}) {title}" for path, (number, title) in zip(decisions(), headings, strict=True)
    ]


def test_every_decision_that_is_referred_to_exists():
    numbers = {path.name[:4] for path in decisions()}
    reference = re.compile(r"\bADR (\d+)|docs/adr[,/]? ?(\d+)")

    found = [
        (str(path.relative_to(ROOT)), match[1] or match[2])
        for folder in [*APPS, "bench", "docs", "static", "templates", "tests"]
        for suffix in ("py", "md", "html", "css", "js")
        for path in (ROOT / folder).rglob(f"*.{suffix}")
        for match in reference.finditer(path.read_text())
    ]

    assert len(found) > 50
    assert [(name, number) for name, number in found if number not in numbers] == []


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
