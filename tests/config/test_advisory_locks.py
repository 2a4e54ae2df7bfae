from itertools import pairwise

from config.advisory_locks import Lock


def test_no_two_locks_are_the_same_nor_reach_into_each_other():
    largest_key = 2**40 - 1
    ranges = sorted((lock.number(), lock.number(largest_key)) for lock in Lock)

    assert all(end < begin for (_, end), (begin, _) in pairwise(ranges))
    assert ranges[-1][1] < 2**63
