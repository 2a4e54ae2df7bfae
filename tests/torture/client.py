"""One client process of the exactly-once test: threads that publish over HTTP until the pool is empty, and redeem codes
of it meanwhile, whether or not somebody has them.

    python -m tests.torture.client SPEC_FILE NUMBER

Every answer is appended to the log as one line of JSON, written before the next call is made. A call whose answer
was cut off is repeated where it is safe to repeat (a source_id, join once); else it is logged as `cut`: a code
may have been given that nobody was told of, which is allowed, and counted.
"""

import http.client
import json
import random
import sys
import threading
import time
from pathlib import Path


class Client:
    def __init__(self, spec: dict, number: int, thread: int, log) -> None:
        self.spec, self.log = spec, log
        self.name = f"{number}-{thread}"
        self.random = random.Random(f"{spec['seed']}-{self.name}")
        self.connection: http.client.HTTPConnection | None = None
        self.calls = 0

    def run(self) -> None:
        empty = 0
        while empty < 3:
            kind, path, body = self.next_call()
            answer = self.call_until_answered(kind, path, body)
            if answer is None:
                continue
            status, content = answer
            if kind == "batch":
                content = self.write_batch(body, status, content)
            else:
                self.write(kind, body, status, content)
            if content.get("key") == "no_voucher_suitable_for_publication":
                empty += 1
            elif kind not in ("redeem", "batch"):
                empty = 0

    def next_call(self) -> tuple[str, str, dict]:
        """A new customer, a source_id that others are using too, or a customer who may join only once; or any code of
        the pool is redeemed."""
        self.calls += 1
        kind = self.random.choice(["plain", "plain", "source_id", "join_once", "two", "redeem", "batch"])
        if kind == "batch":
            items = [self.item(n) for n in range(self.random.randint(2, 6))]
            return kind, "/v1/publications/batch", {"publications": items, "atomic": self.random.random() < 0.3}
        if kind == "redeem":
            code = f"T-{self.random.randint(*self.spec['pool'])}"
            return kind, f"/v1/vouchers/{code}/redemption", {"customer": {"source_id": f"redeems-{self.name}"}}
        body: dict = {"campaign": {"name": self.spec["campaign"]}}
        if kind == "source_id":
            body |= self.shared_order()
        elif kind == "join_once":
            body |= self.shared_member()
        else:
            body["customer"] = {"source_id": f"{kind}-{self.name}-{self.calls}"}
        if kind == "two":
            body["campaign"]["count"] = 2
        return kind, "/v1/publications", body

    def shared_order(self) -> dict:
        shared = self.random.randrange(self.spec["shared"])
        return {"source_id": f"order-{shared}", "customer": {"source_id": f"buyer-{shared}"}}

    def shared_member(self) -> dict:
        return {
            "join_once": True,
            "customer": {"source_id": f"member-{self.random.randrange(self.spec['shared'])}"},
        }

    def item(self, n: int) -> dict:
        """Of a batch, whose items have source ids: one that others are using too, or one of a customer who may join once."""
        joins = {"source_id": f"join-{self.name}-{self.calls}-{n}"} | self.shared_member()
        return {"campaign": self.spec["campaign"]} | self.random.choice([self.shared_order(), joins])

    def call_until_answered(self, kind: str, path: str, body: dict) -> tuple[int, dict] | None:
        while True:
            try:
                status, content = self.call(path, body)
            except (OSError, http.client.HTTPException, ValueError) as problem:
                self.connection = None
                refused = isinstance(problem, ConnectionRefusedError)  # never reached the server
            else:
                if status < 500:
                    return status, content
                refused = False
            if not refused and kind in ("plain", "two", "redeem"):
                self.write(kind, body, 0, {"cut": True})
                return None
            time.sleep(0.05)  # the server is being restarted

    def call(self, path: str, body: dict) -> tuple[int, dict]:
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.spec["port"], timeout=30)
        headers = {"Content-Type": "application/json", "X-App-Id": self.spec["id"], "X-App-Token": self.spec["token"]}
        self.connection.request("POST", path, json.dumps(body), headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def write_batch(self, body: dict, status: int, content: dict) -> dict:
        """Each item as if it had been a call. Answers with one that found the pool empty, if any did."""
        answers = content.get("publications") or [{"key": content.get("key")}] * len(body["publications"])
        if content.get("key") == "batch_refused":
            answers = [{"key": content["errors"][0]["key"]}] * len(body["publications"])
        for item, answer in zip(body["publications"], answers, strict=True):
            kind = "join_once" if "join_once" in item else "source_id"
            self.write(kind, item, 400 if answer.get("key") else status, answer)
        return next((answer for answer in answers if answer.get("key")), answers[-1])

    def write(self, kind: str, body: dict, status: int, content: dict) -> None:
        voucher = content.get("voucher")
        codes = content.get("vouchers") or ([voucher["code"]] if voucher else [])
        line = {
            "kind": kind,
            "status": status,
            "key": content.get("key"),
            "customer": body["customer"]["source_id"],
            "source_id": body.get("source_id"),
            "publication": content.get("id"),
            "codes": codes,
            "cut": content.get("cut", False),
        }
        self.log.write(json.dumps(line) + "\n")  # line-buffered, so one write each


def main(spec_file: str, number: str) -> None:
    spec = json.loads(Path(spec_file).read_text())
    folder = Path(spec_file).parent
    with (folder / f"answers-{number}.jsonl").open("a", buffering=1) as log:
        threads = [
            threading.Thread(target=Client(spec, int(number), thread, log).run) for thread in range(spec["threads"])
        ]
        (folder / f"ready-{number}").touch()
        while not (folder / "go").exists():
            time.sleep(0.01)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
