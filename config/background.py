"""What the tasks of all rooms share: the queues, and how long a task is tried again."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError
from procrastinate import RetryStrategy

# For as long as it takes: a database that is away or busy comes back, and the work goes on where it stopped.
UNTIL_THE_DATABASE_ANSWERS = RetryStrategy(wait=10, retry_exceptions=[OperationalError, InterfaceError])


# A queue with a worker of its own (config/server/management/commands/run.py): whoever waits for a slow receiver holds up
# neither exports nor imports.
WEBHOOKS = "webhooks"


# A queue with a worker of its own, for the same reason: the mail server may take its time.
MESSAGES = "messages"
