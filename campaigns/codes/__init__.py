"""The codes of campaigns, and standalone codes: generating, importing and changing them, and what is in the pool. Does
not know who holds them.
"""
