"""Whoever works with Handout in a browser: roles, audit log, project settings, signing in, the frame of all pages. Knows no campaign."""
