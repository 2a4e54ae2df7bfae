"""The last 500 codes of a pool, 8 client processes with 4 threads each, real kills: nothing twice, nothing lost, and
nothing that was used or released before.

One short run; `make torture` repeats it with bigger numbers.
"""

from tests.torture.hand_outs import torture


def test_the_last_500_codes_of_a_pool_go_out_exactly_once_while_processes_are_killed():
    figures = torture(
        processes=8, threads=4, codes=500, taken_before=2000, kills=["web", "database", "web"], seed="make test"
    )

    assert figures["killed"] == {"web": 2, "database": 1}
    assert figures["codes"] + figures["used before"] + figures["left"] == 500
    assert figures["used before"] > 0 and figures["retired"] > 0
    assert figures["repeats"] > 0
