"""Codes for many customers at a time, and the messages that carry them. Knows no rule."""
