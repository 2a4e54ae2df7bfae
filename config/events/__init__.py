"""Events: recorded in the transaction of what happened, and passed on later. Knows no consumer."""
