"""Made-up calls to a running Handout (tests/support/fuzzing.py), the same ones each time; `make fuzz` makes up others for longer."""

from tests.support.fuzzing import fuzz


def test_made_up_calls_are_answered_as_the_document_tells(tmp_path):
    found = fuzz(tmp_path, examples=2, phases="coverage,fuzzing", seed=20, short=True)

    assert found.failures == [], found.report
    assert found.cases > 2000
