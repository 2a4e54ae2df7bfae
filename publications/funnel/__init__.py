"""How many of the published codes were delivered and redeemed, and how long that took."""
