"""Groups of customers, listed or by conditions: who is in one, and who enters or leaves it."""
