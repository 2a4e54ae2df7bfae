"""The codes of a campaign, and standalone ones: made, imported, changed, in the pool or out of it. Knows no holder."""
