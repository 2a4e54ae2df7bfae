"""A backup that is restored: codes given twice, and people mailed twice, with the quarantine and as if there were none.

    make torture            # or: .venv/bin/python -m tests.torture.restore --recipients 4000

Under load (calls that publish, a distribution that sends) a dump is made; seconds later everything is killed, and the dump is
restored into a new folder. A Manager then uploads the shop's log and the mail server's, and opens publishing; or does not
look and opens it at once (`--careless`), which shows what would be without.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.support.mail_sink import Sink, mail_sink
from tests.support.running_handout import RunningHandout, manage
from tests.torture.distributions import MAKE, _kill_everything, start, wait_until_done
from tests.torture.hand_outs import Wrong

POOL = """
WITH campaign AS (
  INSERT INTO campaigns_campaign (name, kind, code_charset, metadata, discount_type, discount_value)
  VALUES ('shop', 'DISCOUNT_COUPONS', 'ABC', '{}', 'PERCENT', 10) RETURNING id
) INSERT INTO codes_voucher (campaign_id, code) SELECT id, 'S-' || n FROM campaign, generate_series(1, 50000) AS n
"""
LOST_SECONDS = 4


class Shop:
    """Publishes codes by the API, in threads, and keeps what it was answered."""

    def __init__(self, handout: RunningHandout, name: str) -> None:
        self.handout, self.name, self.key = handout, name, handout.make_key()
        self.codes: list[str] = []
        self.open = threading.Event()
        self.threads = [threading.Thread(target=self._publish_on, args=[n]) for n in range(4)]

    def publish(self, customer: str) -> int:
        body = json.dumps({"campaign": "shop", "customer": customer}).encode()
        asked = Request(
            f"http://127.0.0.1:{self.handout.port}/v1/publications",
            data=body,
            headers=self.key | {"Content-Type": "application/json"},
        )
        try:
            with urlopen(asked, timeout=20) as answer:
                self.codes.append(json.load(answer)["voucher"]["code"])
                return answer.status
        except HTTPError as refused:
            return refused.code
        except OSError:
            return 0

    def _publish_on(self, number: int) -> None:
        count = 0
        while not self.open.is_set():
            count += 1
            if not self.publish(f"{self.name}-{number}-{count}"):
                return

    def __enter__(self) -> Shop:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error) -> None:
        self.open.set()
        for thread in self.threads:
            thread.join()


def trial(folder: Path, sink: Sink, *, recipients: int, careless: bool) -> dict:
    """Its figures. Raises Wrong where the quarantine did not hold."""
    handout = start(folder / "data", sink)
    with handout.connect() as database:
        database.execute(POOL)
        database.execute(MAKE.format(codes=recipients, recipients=recipients))
    with Shop(handout, "before") as shop:
        while sink.count() < recipients // 5:
            time.sleep(0.1)
        dumped = manage(folder / "data", "dump_database", str(folder / "handout.dump"))
        if dumped.returncode:
            raise Wrong(dumped.stderr)
        at_dump = len(shop.codes), sink.count()
        time.sleep(LOST_SECONDS)
        _kill_everything(handout)
    handout.__exit__()
    lost = len(shop.codes) - at_dump[0], sink.count() - at_dump[1]

    (folder / "restored").mkdir()
    shutil.copy(folder / "data" / "secret_key", folder / "restored" / "secret_key")
    run(folder, "restore_database", str(folder / "handout.dump"))
    handout = start(folder / "restored", sink)
    try:
        after = Shop(handout, "after")
        held = after.publish("first"), sink.count()
        time.sleep(6)  # a look of each worker
        if (held[0], sink.count()) != (503, held[1]):
            raise Wrong(f"publishing was not held: {held}, then {sink.count()} messages")
        decide(folder, shop.codes, careless)
        resume(handout)
        with after:
            wait_until_done(handout)
        if not careless and (verified := manage(folder / "restored", "verify")).returncode:
            raise Wrong(verified.stdout + verified.stderr)
    finally:
        handout.__exit__()
    times = Counter(address for address, _ in sink.mails())
    return {
        "given in the lost time": lost[0],
        "given after": len(after.codes),
        "given twice": len(set(after.codes) & set(shop.codes)),
        "messages in the lost time": lost[1],
        "mailed": len(times),
        "mailed twice": sum(count > 1 for count in times.values()),
    }


def decide(folder: Path, given: list[str], careless: bool) -> None:
    if careless:
        run(folder, "after_restore", "--open")
        return
    (folder / "shop.csv").write_text("code\n" + "\n".join(given) + "\n")
    run(
        folder, "after_restore", "--codes", str(folder / "shop.csv"), "--campaign", "shop", "--sent",
        str(folder / "sink" / "log"), "--open",
    )  # fmt: skip


def resume(handout: RunningHandout) -> None:
    """As a person does on the distribution's page: what the log did not name is sent again, and it goes on."""
    with handout.connect() as database:
        database.execute(
            """UPDATE distributions_delivery SET state = 'published', reason = '', attempts = 0, state_at = now()
                WHERE state = 'unknown'"""
        )
        database.execute(
            "UPDATE distributions_distribution SET status = 'running', status_reason = '' WHERE status = 'held'"
        )


def run(folder: Path, *command: str) -> None:
    ended = manage(folder / "restored", *command)
    if ended.returncode:
        raise Wrong(f"{command[0]}: {ended.stdout}{ended.stderr}")
    print(ended.stdout.strip(), flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--recipients", type=int, default=4000)
    arguments.add_argument("--careless", action="store_true")
    given = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="handout-torture-"))
    try:
        with mail_sink(folder / "sink") as sink:
            figures = trial(folder, sink, recipients=given.recipients, careless=given.careless)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(figures, flush=True)
    if not given.careless and (figures["given twice"] or figures["mailed twice"]):
        raise Wrong(figures)


if __name__ == "__main__":
    main()
