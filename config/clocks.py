"""How far a clock may go back without anybody noticing: a second machine's, or this one's when it is set by the network."""

from datetime import timedelta

# A rest is believed only as long as it can be true: one that ends later was written by a clock that ran ahead. Without
# this margin a clock that is put back by a millisecond ends each rest that was just begun.
CLOCKS_DIFFER = timedelta(minutes=1)
