"""Distributions that events or a schedule start: rules, and the log of when they fired."""
