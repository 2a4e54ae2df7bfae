"""Alerts: what staff are told before it surprises them, once each time it begins. It knows no feature: others open them."""
