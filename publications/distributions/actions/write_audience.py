"""Writes a run's audience down as deliveries, once, when the run starts; from then on only they count.

In batches by customer, each in a transaction that also moves the mark on the run's row: whatever is killed goes on
where it was, and who is new to a segment after their turn has passed is not in this run.
"""

from __future__ import annotations

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models.functions import Lower

from publications.distributions.actions.list_recipients import match_listed
from publications.distributions.audience import ONE_ADDRESS, audience_of, by_address, why_left_out
from publications.distributions.models import Distribution
from publications.distributions.reasons import DeliveryReason
from publications.distributions.reminders import unused_codes

BATCH = 5_000

# Those before have been written, and of this batch none is: so of several with one address the first is tried.
WRITE = """
WITH audience (customer, mail, reason) AS MATERIALIZED ({audience}),
judged AS (
    SELECT a.customer,
           CASE WHEN {by_mail}::boolean AND a.reason = '' AND a.mail <> ''
                     AND (row_number() OVER (PARTITION BY a.mail, a.reason ORDER BY a.customer) > 1
                          OR EXISTS (SELECT FROM customers_customer c
                                       JOIN distributions_delivery d ON d.customer_id = c.id AND d.firing = ''
                                        AND d.distribution_id = {distribution} AND d.state <> 'skipped'
                                      WHERE lower(c.email) = a.mail AND c.id < a.customer))
                THEN '{same_email}' ELSE a.reason END AS reason
      FROM audience a
), written AS (
    INSERT INTO distributions_delivery (distribution_id, customer_id, state, reason)
    SELECT {distribution}, customer, CASE reason WHEN '' THEN 'pending' ELSE 'skipped' END, reason
      FROM judged ORDER BY customer
    ON CONFLICT DO NOTHING
)
SELECT count(*), max(customer) FROM audience
"""

# Of a reminder: a batch is so many codes of the campaign, by their keys, whether anybody holds them or not.
NEXT_CODES = """
SELECT count(*), max(id) FROM (
    SELECT id FROM codes_voucher WHERE campaign_id = %s AND id > %s ORDER BY id LIMIT %s) AS batch
"""
WRITE_REMINDERS = """
INSERT INTO distributions_delivery (distribution_id, customer_id, firing, reminds_id, state, reason)
SELECT {distribution}, u.customer, 'code ' || u.id, u.id, CASE u.reason WHEN '' THEN 'pending' ELSE 'skipped' END, u.reason
  FROM ({unused}) AS u (id, voucher, customer, reason) ORDER BY u.voucher
ON CONFLICT DO NOTHING
"""

# One customer for each address, as it was first written.
CREATE = """
WITH lines AS MATERIALIZED (
    SELECT r.id, r.given FROM distributions_listedrecipient r
     WHERE r.distribution_id = %(distribution)s AND r.customer_id IS NULL AND r.given ~ %(address)s
     ORDER BY r.line LIMIT %(most)s
), made AS (
    INSERT INTO customers_customer (email, address, metadata)
    SELECT given, '{}', '{}' FROM (SELECT DISTINCT ON (lower(given)) given, id FROM lines ORDER BY lower(given), id) AS a
     ORDER BY id
    RETURNING id, email
)
UPDATE distributions_listedrecipient l SET customer_id = made.id FROM made
 WHERE l.distribution_id = %(distribution)s AND l.customer_id IS NULL AND lower(l.given) = lower(made.email)
"""


def write_audience(distribution_id: int) -> bool:
    """One batch; whether there is more. Two at once take turns.

    Before: nobody above the mark has a delivery. After: everybody up to the new mark who is in the audience has one,
    waiting or left out with the reason.
    """
    with transaction.atomic():
        distribution = _lock(distribution_id)
        if not distribution or distribution.audience_complete:
            return False
        walk_by_index()
        with connection.cursor() as cursor:
            if _create_customers(cursor, distribution):
                return True
            count, last = _write(cursor, distribution)
        complete = count < BATCH
        Distribution.objects.filter(pk=distribution_id).update(
            audience_up_to=last or distribution.audience_up_to, audience_complete=complete
        )
    return not complete


def walk_by_index() -> None:
    """Until the end of the transaction. A batch is small and all that it asks for has an index; but where tables have
    just been filled the planner takes them for small ones, and reads them from end to end for each recipient.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)")


def _lock(distribution_id: int) -> Distribution | None:
    running = Distribution.objects.filter(pk=distribution_id, status=Distribution.Status.RUNNING)
    return running.select_related("campaign", "segment").select_for_update(no_key=True, of=("self",)).first()


def _write(cursor: CursorWrapper, distribution: Distribution) -> tuple[int, int | None]:
    """(how many the batch had, the new mark)."""
    if distribution.remind:
        return _write_reminders(cursor, distribution)
    rows = audience_of(distribution).filter(pk__gt=distribution.audience_up_to).order_by("pk")
    rows = rows.annotate(_mail=Lower("email"), _reason=why_left_out(distribution))
    sql, parameters = rows.values_list("pk", "_mail", "_reason")[:BATCH].query.sql_with_params()
    cursor.execute(
        WRITE.format(
            audience=sql,
            by_mail=str(by_address(distribution)).lower(),
            distribution=int(distribution.pk),
            same_email=DeliveryReason.SAME_EMAIL.value,
        ),
        parameters,
    )
    return cursor.fetchone()


def _write_reminders(cursor: CursorWrapper, distribution: Distribution) -> tuple[int, int | None]:
    cursor.execute(NEXT_CODES, [distribution.campaign_id, distribution.audience_up_to, BATCH])
    count, last = cursor.fetchone()
    if count:
        unused, parameters = unused_codes(distribution, of="AND v.id > %s AND v.id <= %s")
        # Those of the condition stand before those of the customers, as in the statement.
        marks = [distribution.audience_up_to, last]
        cursor.execute(WRITE_REMINDERS.format(distribution=int(distribution.pk), unused=unused), [*marks, *parameters])
    return count, last


def _create_customers(cursor: CursorWrapper, distribution: Distribution) -> int:
    """Of addresses in the list that are nobody's, where staff want it; how many lines got their customer."""
    if distribution.audience != Distribution.Audience.LIST or not distribution.create_unknown:
        return 0
    if not distribution.audience_up_to:
        match_listed(cursor, distribution.pk)  # who became a customer since the list was made
    cursor.execute(CREATE, {"distribution": distribution.pk, "address": ONE_ADDRESS, "most": BATCH})
    return cursor.rowcount
