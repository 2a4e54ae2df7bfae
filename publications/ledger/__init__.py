"""Who holds which code: `give()` hands out, `take_back()` releases, and nothing else writes the ledger.

Knows nothing of doors, distributions or files: callers say what to give, and learn what was given.
"""
