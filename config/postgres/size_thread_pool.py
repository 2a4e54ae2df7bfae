"""Gives a worker as many threads as it has places for jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # settings read this file, before anything of Procrastinate may be imported
    from procrastinate import JobContext
    from procrastinate.worker import Worker

SPARE = 2  # for what the event loop itself does in threads, such as looking up names


async def size_thread_pool(call_next: Callable[[], Awaitable[Any]], context: JobContext, worker: Worker) -> Any:
    """A worker middleware of Procrastinate's. asyncio's own pool has four threads more than processors: six for eight
    places on two, so that jobs which wait for a server would hold up others that count as running.
    """
    _enlarge(asyncio.get_running_loop(), worker.concurrency + SPARE)
    return await call_next()


@cache
def _enlarge(loop: asyncio.AbstractEventLoop, threads: int) -> None:
    loop.set_default_executor(ThreadPoolExecutor(threads, thread_name_prefix="job"))
