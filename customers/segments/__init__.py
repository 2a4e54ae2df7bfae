"""Groups of customers, listed or by conditions: who is in one, who enters and leaves."""
