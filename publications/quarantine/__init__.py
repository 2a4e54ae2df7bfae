"""After a restored backup or a failover that lost seconds: what is held, what a person decides, and how it ends."""
