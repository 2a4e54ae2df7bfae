"""A run survives `kill -9` of its worker and of the database: nobody gets two codes or two messages, nobody is forgotten.

One short run; `make torture` repeats it with 5,000 recipients and more kills.
"""

from tests.torture.distributions import torture


def test_each_recipient_gets_one_code_and_at_most_one_message_while_processes_are_killed(tmp_path):
    figures = torture(tmp_path, recipients=300, kills=["worker", "database"], seed="make test")

    assert figures["killed"] == {"worker": 1, "database": 1}
    assert (figures["codes given"], figures["most per recipient"], figures["verify"]) == (300, 1, "clean")
    assert figures["sent"] + figures["unknown"] == 300
    assert figures["messages received"] == figures["sent"] + figures["of them received"]
