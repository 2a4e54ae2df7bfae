"""After restoring a backup: nothing is published until a Manager has reviewed what may be lost."""
