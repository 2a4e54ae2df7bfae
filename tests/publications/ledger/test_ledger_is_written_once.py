"""Only publications/ledger writes the ledger: who got which code, and the flag of a code that somebody has."""

import ast
import re

import pytest

from tests.support.root import ROOT

ROOMS = ["config", "campaigns", "customers", "publications", "bench"]

SQL = re.compile(
    r"""(INSERT\s+INTO|UPDATE|DELETE\s+FROM|COPY|TRUNCATE|MERGE\s+INTO)\s+(publications_publication|publications_publishedvoucher)\b
        |(UPDATE)\s+(codes_voucher)\b[^;]*?\bSET\b[^;]*?\bpublished_at\s*=
        |(INSERT\s+INTO)\s+(codes_voucher)\s*\([^)]*\bpublished_at\b""",
    re.IGNORECASE | re.VERBOSE,
)
WRITING = {"create", "bulk_create", "update", "bulk_update", "get_or_create", "update_or_create", "delete", "save"}

MAY = {
    # Failed attempts hold no code, so they are no part of the ledger.
    ("publications/actions/record_failure.py", "INSERT INTO publications_publication"),
    ("publications/redemptions/actions/delete_old_failures.py", "DELETE FROM publications_publication"),
    ("publications/dashboard/demo/load_demo.py", "Publication.bulk_create"),
    ("publications/dashboard/demo/load_demo_failures.py", "Publication.bulk_create"),
    ("bench/load_data.py", "INSERT INTO publications_publication"),
    # The millions of codes of a history are flagged as they are made; flagged afterwards, each would be written twice.
    ("bench/load_data.py", "INSERT INTO codes_voucher"),
    # The same writes without the product, which it is held against.
    ("bench/recall.py", "UPDATE codes_voucher"),
    ("bench/recall.py", "UPDATE publications_publication"),
    ("bench/recall.py", "UPDATE publications_publishedvoucher"),
}


def writes(source):
    """What of this source writes the ledger, in short."""
    found = []
    for node in ast.walk(ast.parse(source)):
        text = node.values if isinstance(node, ast.JoinedStr) else [node]
        text = "…".join(part.value for part in text if isinstance(part, ast.Constant) and isinstance(part.value, str))
        for match in SQL.finditer(text):
            verb, table = [group for group in match.groups() if group]
            found.append(f"{' '.join(verb.upper().split())} {table}")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITING:
            root = node.func.value
            while isinstance(root, ast.Attribute | ast.Call):
                root = root.func if isinstance(root, ast.Call) else root.value
            if isinstance(root, ast.Name) and root.id in ("Publication", "PublishedVoucher"):
                found.append(f"{root.id}.{node.func.attr}")
            texts = [
                part.value for argument in node.args for part in ast.walk(argument) if isinstance(part, ast.Constant)
            ]
            if "published_at" in texts or any(keyword.arg == "published_at" for keyword in node.keywords):
                found.append(f"{node.func.attr} of published_at")
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [
                "published_at ="
                for target in targets
                if isinstance(target, ast.Attribute) and target.attr == "published_at"
            ]
    return found


def test_only_the_ledger_writes_the_ledger():
    files = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if "migrations" not in path.parts]
    found = {(str(path.relative_to(ROOT)), what) for path in files for what in writes(path.read_text())}
    ledger = {(path, what) for path, what in found if path.startswith("publications/ledger/")}

    assert {what for _, what in ledger} == {
        "INSERT INTO publications_publication",
        "INSERT INTO publications_publishedvoucher",
        "UPDATE codes_voucher",
        "UPDATE publications_publication",
        "UPDATE publications_publishedvoucher",
    }
    assert found - ledger == MAY


@pytest.mark.parametrize(
    "source",
    [
        'cursor.execute("INSERT INTO publications_publication (id) VALUES (1)")',
        'cursor.execute("insert  into publications_publishedvoucher (id) SELECT 1")',
        'cursor.execute("UPDATE codes_voucher v SET active = true, published_at = now()")',
        'f"UPDATE codes_voucher SET {more}, published_at = NULL WHERE id = 1"',
        'cursor.copy("COPY publications_publishedvoucher (id) FROM STDIN")',
        "Publication.objects.create(result='SUCCESS')",
        "PublishedVoucher.objects.filter(pk=1).update(released_at=None)",
        "Voucher.objects.filter(pk=1).update(published_at=None)",
        "Voucher.objects.bulk_update(rows, ['active', 'published_at'])",
        "Voucher.objects.create(published_at=at)",
        "voucher.published_at = at",
    ],
)
def test_and_the_look_for_others_sees_them(source):
    assert writes(source)


def test_reading_is_no_writing():
    assert not writes(
        "Publication.objects.filter(pk=1); Voucher.objects.filter(published_at=None).update(active=False)\n"
        'sql = "UPDATE codes_voucher v SET active = false WHERE v.published_at IS NULL"'
    )
