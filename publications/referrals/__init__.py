"""Referral programs: who referred whom, and what both get for it."""
