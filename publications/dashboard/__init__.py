"""The pages that join all rooms: home, search, a campaign, a code, a customer; also erasing, verifying and the demo."""
