"""What has happened, noted in the transaction of the thing itself and passed on later. Knows no consumer."""
