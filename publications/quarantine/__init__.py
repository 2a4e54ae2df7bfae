"""After a restored backup: nothing is published until a Manager has gone through what may be lost."""
