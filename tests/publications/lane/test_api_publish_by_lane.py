"""The API's tests of publishing, once more, with the express lane in front."""

import pytest

from tests.publications import test_api_publish
from tests.publications.lane.by_lane import ThroughTheLane

globals().update({name: test for name, test in vars(test_api_publish).items() if name.startswith("test_")})
pytestmark = test_api_publish.pytestmark
shop = test_api_publish.shop


@pytest.fixture(autouse=True)
def lane(monkeypatch):
    return ThroughTheLane(monkeypatch)
