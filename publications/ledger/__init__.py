"""Who holds which code: `give()` hands out, `take_back()` releases, and nothing else writes the ledger.

It knows no doors, no distributions and no files: callers say what they want given, and are told what was.
"""
