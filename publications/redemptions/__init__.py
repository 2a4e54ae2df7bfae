"""The record of use: which code was redeemed, by whom, for which order, and what was taken back."""
