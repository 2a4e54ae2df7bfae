"""Tells other systems over HTTP what has happened."""
