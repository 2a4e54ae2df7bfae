"""The API of publications, and of vouchers: who holds a code is known here, not in the campaigns' app."""
