"""The log of API calls in a running installation: nothing of it is lost when the server is stopped as usual."""

from urllib.request import Request, urlopen

from config.server.embedded_postgres import serving
from tests.support.running_handout import RunningHandout


def test_calls_are_in_the_log_of_a_server_that_was_stopped_right_after_them(tmp_path):
    folder = tmp_path / "data"
    with RunningHandout(folder) as handout:
        headers = handout.make_key()
        calls = [Request(f"http://127.0.0.1:{handout.port}/v1/publications?page={n}", headers=headers) for n in (1, 2)]
        answered = {urlopen(call).headers["X-Request-Id"] for call in calls}

    with serving(folder):
        assert set(handout.sql("SELECT request_id FROM api_apicall")) == {(request_id,) for request_id in answered}
