"""What staff write down about a code, a customer or a publication."""
