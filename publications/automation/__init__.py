"""Rules that start a distribution for one customer when something happens."""
