"""Webhooks: other servers are told what happened here, each event to each address once, and again until they answer."""
