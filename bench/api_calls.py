"""What the rate limit, the request log and a bearer token instead of the key cost a publish call.

    .venv/bin/python -m bench.api_calls [--blocks 12] [--calls 150]

Calls the WSGI application in this process, over a durable PostgreSQL of its own, in short blocks that take turns: with
neither, with the rate limit, with both, and with neither by a bearer token. So whatever else the machine does meets all three alike. Prints the median of
the blocks' times per call, and the median of each block's ratio to its neighbour with neither.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from config.server.embedded_postgres import Server


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--blocks", type=int, default=12)
    options.add_argument("--calls", type=int, default=150)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="handout-bench-") as folder:
        os.environ |= {"HANDOUT_DATA": folder, "DJANGO_SETTINGS_MODULE": "config.settings"}
        os.environ.pop("DATABASE_URL", None)
        (Path(folder) / "staticfiles").mkdir()
        server = Server(Path(folder), say=lambda line: None)
        server.start()
        try:
            measure(chosen.blocks, chosen.calls)
        finally:
            server.stop()


def measure(blocks: int, calls: int) -> None:
    from django.core.management import call_command

    from config.wsgi import application

    call_command("migrate", verbosity=0)

    from django.conf import settings

    from config.api import auth as api_auth
    from config.api import log as api_log
    from config.api.models import ApiCall

    nothing_taken = api_auth.Allowance(1, 0)

    class Unlimited:
        def take(self, key_id, limit):
            return nothing_taken

    limited, unlimited = api_auth.calls, Unlimited()
    kinds = {
        "neither": (unlimited, False),
        "rate limit": (limited, False),
        "rate limit and log": (limited, True),
        "neither, by bearer": (unlimited, False),
    }
    publish = _caller(application, codes=(blocks + 1) * calls * len(kinds))
    taken: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
    for block in range(blocks + 1):
        for kind, (counter, logged) in sorted(kinds.items(), reverse=block % 2 == 1):
            api_auth.calls, settings.API_LOG = counter, logged
            started, worked = time.perf_counter(), time.process_time()
            for _ in range(calls):
                publish(by_bearer="bearer" in kind)
            if logged:
                api_log.log.write()  # what its thread had not yet written is a cost of these calls too
            if block:  # the first ones warm up
                spent = time.perf_counter() - started, time.process_time() - worked
                taken[kind].append((spent[0] / calls, spent[1] / calls))
    assert ApiCall.objects.count() == (blocks + 1) * calls

    print(f"{blocks} blocks of {calls} publish calls each, one after the other, in one process")
    for kind, spent in taken.items():
        waited, worked = (statistics.median(column) for column in zip(*spent, strict=True))
        ratios = [[mine[of] / plain[of] for mine, plain in zip(spent, taken["neither"], strict=True)] for of in (0, 1)]
        print(
            f"{kind:20} {waited * 1e6:6.0f} µs a call (× {statistics.median(ratios[0]):.3f}),"
            f" of which this process worked {worked * 1e6:6.0f} µs (× {statistics.median(ratios[1]):.3f})"
        )


def _caller(application, *, codes: int):
    """A function that publishes the next code of one campaign to one customer."""
    from campaigns.codes.models import Voucher
    from campaigns.models import Campaign
    from config.actor import SYSTEM
    from config.api.actions.create_api_key import create_api_key
    from config.api.oauth.tokens import draw_token

    campaign = Campaign.objects.create(name="Bench", discount_type="PERCENT", discount_value=10)
    Voucher.objects.bulk_create(
        (Voucher(campaign=campaign, code=f"BENCH-{n:07}") for n in range(codes)), batch_size=1000
    )
    key, token = create_api_key("bench", by=SYSTEM)
    bearer = draw_token(key.pk, with_token=token, scope="api").token
    body = json.dumps({"campaign": "Bench", "customer": {"source_id": "12344"}}).encode()
    request = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/v1/publications",
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "localhost",
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
    }

    by_key = {"HTTP_X_APP_ID": str(key.app_id), "HTTP_X_APP_TOKEN": token}

    def publish(*, by_bearer: bool) -> None:
        signed = {"HTTP_AUTHORIZATION": f"Bearer {bearer}"} if by_bearer else by_key
        statuses = []
        answer = application(
            {**request, **signed, "wsgi.input": io.BytesIO(body)}, lambda status, headers: statuses.append(status)
        )
        content = b"".join(answer)
        answer.close()
        assert statuses == ["200 OK"], content

    return publish


if __name__ == "__main__":
    main()
