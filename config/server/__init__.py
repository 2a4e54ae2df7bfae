"""What runs Handout: the embedded PostgreSQL, the supervisor, probes, dump and restore. Only the composition root imports it."""
