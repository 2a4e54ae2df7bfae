"""`make audit` is content only where everything was looked up."""

from requirements.audit import judge

GOOD = {"name": "django", "version": "5.2.8", "vulns": []}
BAD = {
    "name": "django",
    "version": "5.2.1",
    "vulns": [{"id": "PYSEC-2025-1", "fix_versions": ["5.2.8"], "aliases": []}],
}
SKIPPED = {"name": "granian", "skip_reason": "Dependency not found on PyPI"}


def test_what_pip_audit_answers_is_judged():
    assert judge([GOOD]) == (0, ["1 dependencies, none known to be vulnerable."])
    assert judge([BAD, GOOD])[0] == 1
    assert judge([BAD, GOOD])[1][0] == "django 5.2.1: PYSEC-2025-1, fixed in 5.2.8"
    assert judge([BAD, SKIPPED])[0] == 1
    assert judge([])[0] == 2


def test_what_was_passed_over_is_no_clean_bill():
    code, said = judge([GOOD, SKIPPED])

    assert code == 2
    assert said[0].startswith("There is no vulnerability data for 1 of 2 dependencies (granian)")
