"""Counts kept up to date, so that no page counts a table."""
