"""Codes that their holders pass on, and the rewards for it."""
