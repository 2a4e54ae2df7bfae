"""What is still to be done before an installation is fit for real use."""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings
from django.db import connection

LASTS = "8 days"  # a weekly backup, and a day for it to be late


class Step(NamedTuple):
    done: bool
    title: str
    text: str  # how, while it is not done


# A second person who may manage: the others are locked out with the only one.
ASK = f"""
SELECT EXISTS (SELECT FROM staff_projectsettings WHERE backed_up_elsewhere)
       OR EXISTS (SELECT FROM staff_auditentry WHERE action = 'backup.made' AND created_at > now() - interval '{LASTS}'),
       (SELECT count(*) FROM (
            SELECT FROM auth_user u
             WHERE u.is_active AND (u.is_superuser OR EXISTS (
                   SELECT FROM auth_user_groups ug JOIN auth_group g ON g.id = ug.group_id
                    WHERE ug.user_id = u.id AND g.name = 'Manager'))
             LIMIT 2) AS managers)
"""  # noqa: S608 - our own constant


def readiness() -> list[Step]:
    """All steps, or [] once each of them is done."""
    with connection.cursor() as cursor:
        cursor.execute(ASK)
        backed_up, managers = cursor.fetchone()
    steps = [
        Step(
            backed_up,
            "A backup every week or more often",
            "Run manage.py dump_database regularly. If your database is backed up otherwise, say so in the project settings.",
        ),
        Step(
            settings.EMAIL_IS_SENT,
            "E-mail",
            "Until it is set up, messages are stored, and alerts reach nobody outside.",
        ),
        Step(
            settings.HTTPS,
            "HTTPS",
            "Codes and passwords travel unencrypted. Put a proxy with a certificate in front, and set HTTPS=1.",
        ),
        Step(managers > 1, "A second Manager", "If the only one is away or locked out, nobody can help."),
    ]
    return [] if all(step.done for step in steps) else steps
