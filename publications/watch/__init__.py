"""Looks ahead and around: when pools will run dry, and what staff must be told of."""
