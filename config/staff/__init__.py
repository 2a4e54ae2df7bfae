"""Everything about staff working in a browser: roles, audit log, project settings, sign-in, the frame of all pages.
Knows no campaigns.
"""
