"""Alerts: warn staff before they are surprised, once each time a condition begins. Knows no feature: other rooms open
alerts.
"""
