"""One client process of the test of a campaign that ends: threads that carry a distribution on, as workers do.

`go RUN SHARE OF` on its input sets them to work, `stop` ends that; both are answered with a line.
"""

import sys
import threading

from django.db import connection

from publications.distributions.actions.advance import advance

THREADS = 4


def main() -> None:
    over, threads, wrong = threading.Event(), [], []

    def carry_on(run, share, of):
        try:
            while not over.wait(0.02):
                advance(run, share=share, of=of, seconds=0.5, stopping=over.is_set)
        except Exception as problem:
            wrong.append(repr(problem))
        finally:
            connection.close()

    print("ready", flush=True)
    for line in sys.stdin:
        command, *numbers = line.split()
        if command == "go":
            run, share, of = map(int, numbers)
            over.clear()
            threads = [threading.Thread(target=carry_on, args=[run, share + n, of]) for n in range(THREADS)]
            for thread in threads:
                thread.start()
            print("at work", flush=True)
        else:
            over.set()
            for thread in threads:
                thread.join()
            print("; ".join(wrong) or "stopped", flush=True)
