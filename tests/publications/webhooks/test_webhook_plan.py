"""The claim of what is due reads the index of what waits, and never walks past all that was delivered before."""

import pytest
from django.db import connection

from publications.webhooks.actions.send_due import CLAIM, RETRY_AFTER
from tests.support.plans import analyse, plan
from tests.support.webhooks import listening

FILL = """
INSERT INTO webhooks_webhookdelivery (address_id, event, kind, object_key, body, status, next_attempt_at)
SELECT %s, n, 'publication.succeeded', n, '{}', CASE WHEN n <= 20000 THEN 'delivered' ELSE 'waiting' END,
       CASE WHEN n > 20000 THEN now() END
  FROM generate_series(1, 21000) AS n
"""


@pytest.mark.django_db
def test_only_what_waits_is_read():
    address = listening()
    values = {"key": address.pk, "most": 8, "retry_after": RETRY_AFTER}

    with connection.cursor() as cursor:
        cursor.execute(FILL, [address.pk])
    analyse("webhooks_webhookdelivery")

    found = plan(CLAIM.format(which="address_id = %(key)s"), values)

    assert "Index Scan using webhook_waiting" in found
    assert "Sort" not in found
