"""Opens the alerts whose condition has begun, and ends those whose condition is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection

from config.alerts.models import DEFAULT_ROLE, HAPPENS_ONCE, Kind
from config.events.kinds import ALERT_OPENED, POOL_EMPTY, POOL_LOW
from config.events.note import noting


class Found(NamedTuple):
    """A condition that holds now. `subject` tells it apart from others of its kind: a public id, a name, a day."""

    subject: str  # at most 80 characters
    title: str  # what is the matter, as the subject of an e-mail; cut at 200 characters
    text: str = ""  # what it means and what to do; cut at 2,000 characters
    url: str = ""  # the path of the page where it is mended


# Kinds of alerts that are an event of their own, besides `alert.opened`.
EVENT_OF = {Kind.POOL_LOW: POOL_LOW, Kind.POOL_EMPTY: POOL_EMPTY}

# One statement: an alert stands together with everybody's notice of it, or not at all, and two workers that look at the
# same moment open one. A kind that has no rule of its own goes to Managers, by e-mail too.
OPEN = f"""
WITH found AS (
    SELECT * FROM unnest(%(subjects)s::text[], %(titles)s::text[], %(texts)s::text[], %(urls)s::text[])
               AS f (subject, title, text, url)
), opened AS (
    INSERT INTO alerts_alert (kind, subject, title, text, url)
    SELECT %(kind)s::text, f.subject, left(f.title, 200), left(f.text, 2000), f.url FROM found f
     WHERE NOT EXISTS (SELECT FROM alerts_alertrule r WHERE r.kind = %(kind)s::text AND NOT r.active)
    ON CONFLICT (kind, subject) WHERE ended_at IS NULL DO NOTHING
    RETURNING id
), told AS (
    SELECT u.id, u.email FROM auth_user u
     WHERE u.is_active AND (
           EXISTS (SELECT FROM alerts_alertrule_people p WHERE p.alertrule_id = %(kind)s::text AND p.user_id = u.id)
        OR EXISTS (SELECT FROM auth_group g
                    WHERE (EXISTS (SELECT FROM alerts_alertrule_roles ro WHERE ro.alertrule_id = %(kind)s::text AND ro.group_id = g.id)
                           OR g.name = %(default_role)s::text AND NOT EXISTS (SELECT FROM alerts_alertrule r WHERE r.kind = %(kind)s::text))
                      AND (EXISTS (SELECT FROM auth_user_groups ug WHERE ug.user_id = u.id AND ug.group_id = g.id)
                           OR u.is_superuser AND g.name = %(default_role)s::text)))
), noted AS (
    {noting(ALERT_OPENED, of="opened")}
), noted_by_kind AS (
    INSERT INTO events_outbox (kind, object_key)
    SELECT %(event)s::text, opened.id FROM opened WHERE EXISTS (SELECT FROM events_listener l WHERE l.kind = %(event)s::text)
), noticed AS (
    INSERT INTO alerts_notice (alert_id, user_id, email, email_at)
    SELECT opened.id, told.id, CASE WHEN mail.wanted AND told.email <> '' THEN 'due' ELSE 'none' END, now()
      FROM opened CROSS JOIN told
     CROSS JOIN (SELECT %(sends)s::boolean AND coalesce((SELECT by_email FROM alerts_alertrule WHERE kind = %(kind)s::text), true) AS wanted) AS mail
)
SELECT count(*) FROM opened
"""  # noqa: S608 - our own constants

END = """
UPDATE alerts_alert SET ended_at = now()
 WHERE kind = %s AND ended_at IS NULL AND subject <> ALL (%s)
"""


def keep_alerts(kind: Kind, found: Sequence[Found], *, still: Sequence[str] = ()) -> int:
    """Tells of each condition once, however often it is found; how many are new.

    `found` is all that hold now. One that is open and neither in it nor in `still` is over, and is told again when it
    begins anew: put into `still` what has not begun but is not yet over either, so that a number which moves about a limit
    does not ring the bell each time. Kinds of HAPPENS_ONCE never end.
    """
    subjects = [one.subject for one in found]
    values: dict[str, Any] = {
        "kind": kind.value,
        "subjects": subjects,
        "titles": [one.title for one in found],
        "texts": [one.text for one in found],
        "urls": [one.url for one in found],
        "default_role": DEFAULT_ROLE,
        "event": EVENT_OF.get(kind, ""),
        "sends": settings.EMAIL_IS_SENT,
    }
    with connection.cursor() as cursor:
        if kind not in HAPPENS_ONCE:
            cursor.execute(END, [kind.value, [*subjects, *still]])
        if not found:
            return 0
        cursor.execute(OPEN, values)
        (opened,) = cursor.fetchone()
    return opened
