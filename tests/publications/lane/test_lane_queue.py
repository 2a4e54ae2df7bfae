"""The queue before the express lane: batches, callers who leave, a thread that is held up or breaks."""

import asyncio
import threading
import time
from itertools import chain

import pytest

from config.processes.buffered_wsgi import Answer, BufferedWSGI
from publications.lane import lane as queue
from publications.lane.lane import Lane, is_for_the_lane


def call(n=0, **more):
    return {
        "PATH_INFO": "/v1/publications", "REQUEST_METHOD": "POST", "QUERY_STRING": "", "CONTENT_LENGTH": "80", "n": n,
    } | more  # fmt: skip


def answer(environ):
    return Answer(200, [], str(environ["n"]).encode())


class Serving:
    """Stands still at its first batch until it is let go."""

    def __init__(self, answers=lambda batch: [answer(environ) for environ in batch]):
        self.batches, self.answers = [], answers
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, batch):
        self.batches.append([environ["n"] for environ in batch])
        self.begun.set()
        assert self.go.wait(60)
        return self.answers(batch)


async def behind_one(serving, count):
    """The lane at its first call, with so many behind it."""
    lane = Lane(serving)
    first = lane.take(call(0))
    await asyncio.to_thread(serving.begun.wait, 60)
    return lane, [first, *(lane.take(call(n + 1)) for n in range(count))]


def test_a_batch_is_the_largest_of_1_2_4_and_so_on_that_wait():
    serving = Serving()

    async def run():
        _, calls = await behind_one(serving, 100)
        serving.go.set()
        return await asyncio.gather(*calls)

    answers = asyncio.run(run())

    assert [len(batch) for batch in serving.batches] == [1, 64, 32, 4]
    assert [int(found.body) for found in answers] == [*chain(*serving.batches)] == [*range(101)]


def test_who_leaves_is_not_missed():
    serving = Serving()

    async def run():
        _, calls = await behind_one(serving, 3)
        calls[0].cancel()
        calls[2].cancel()
        serving.go.set()
        return await asyncio.gather(*calls, return_exceptions=True)

    answers = asyncio.run(run())

    assert [isinstance(found, Answer) for found in answers] == [False, True, False, True]


def test_when_it_breaks_nobody_is_sent_the_ordinary_way_and_it_goes_on():
    def answers(batch):
        if len(serving.batches) == 1:
            raise ZeroDivisionError
        return [None, *(answer(environ) for environ in batch[1:])]

    serving = Serving(answers)

    async def run():
        _, calls = await behind_one(serving, 2)
        serving.go.set()
        return await asyncio.gather(*calls, return_exceptions=True)

    broken, ordinary, served = asyncio.run(run())

    assert isinstance(broken, ZeroDivisionError)  # the server answers 500
    assert (ordinary, served.body) == (None, b"2")


def test_while_it_is_held_up_others_take_the_ordinary_way(monkeypatch):
    serving = Serving()

    async def run():
        lane, calls = await behind_one(serving, 2)
        monkeypatch.setattr(queue, "HELD_UP_SECONDS", 0)
        time.sleep(0.01)
        refused = lane.take(call())
        waiting = await asyncio.gather(*calls[1:])
        monkeypatch.setattr(queue, "HELD_UP_SECONDS", 60)
        serving.go.set()
        await calls[0]
        return refused, waiting, await lane.take(call(7))

    refused, waiting, later = asyncio.run(run())

    assert refused is None
    assert waiting == [None, None]
    assert later.body == b"7"


@pytest.mark.parametrize(
    ("more", "taken"),
    [
        ({}, True),
        ({"CONTENT_LENGTH": str(16 * 1024)}, True),
        ({"CONTENT_LENGTH": str(16 * 1024 + 1)}, False),
        ({"CONTENT_LENGTH": ""}, False),
        ({"CONTENT_LENGTH": "0"}, False),
        ({"CONTENT_LENGTH": "²"}, False),
        ({"QUERY_STRING": "join_once=true"}, False),
        ({"REQUEST_METHOD": "GET"}, False),
        ({"PATH_INFO": "/v1/publications/"}, False),
        ({"PATH_INFO": "/v1/vouchers"}, False),
    ],
)
def test_only_what_may_be_the_common_case_gets_in(more, taken):
    assert is_for_the_lane(call(**more)) == taken


def test_the_lane_is_tried_first_and_threads_answer_what_it_leaves():
    def wsgi(environ, start_response):
        start_response("200 OK", [])
        return Body([b"by a thread"])

    async def left():
        return None

    async def served():
        return answer({"n": "by the lane"})

    ways = {"/v1/publications": served, "/v1/publications/left": left}

    async def run():
        app = BufferedWSGI(
            wsgi, threads=1, patience=5, keep=lambda environ: 0, too_late=lambda environ: None,
            express=lambda environ: ways[environ["PATH_INFO"]]() if environ["PATH_INFO"] in ways else None,
        )  # fmt: skip
        return [await asked(app, path) for path in (*ways, "/v1/vouchers")]

    assert asyncio.run(run()) == [b"by the lane", b"by a thread", b"by a thread"]


class Body(list):
    def close(self):
        pass


async def asked(app, path):
    """The body of the answer to a request without one."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.disconnect"}

    scope = {
        "type": "http", "method": "POST", "raw_path": path.encode(), "path": path, "query_string": b"", "headers": [],
        "http_version": "1.1", "server": ("localhost", 80), "client": ("127.0.0.1", 5), "scheme": "http",
    }  # fmt: skip
    await app(scope, receive, send)
    return b"".join(message.get("body", b"") for message in sent)
