"""The staff of the exactly-once test: releases codes that customers were just given, for as long as it lives.

    python -m tests.torture.staff CAMPAIGN      # with the environment of the installation

No released code may ever be given again. Only calls that stand alone are taken back: a repeat of a source_id would be
refused, and who joins once would rightly get another code.
"""

import os
import random
import sys
import time


def main(campaign: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.db import DatabaseError, connection

    from campaigns.codes.models import Voucher
    from config.actor import Actor
    from publications.actions.release import NotPublished, release

    while True:
        time.sleep(0.02)
        try:
            given = Voucher.objects.filter(
                campaign=campaign,
                ledger__released_at=None,
                ledger__publication__source_id=None,
                ledger__publication__customer__source_id__regex="^(plain|two)-",
            )
            newest = given.order_by("-published_at")[:20]
            if newest:
                release(random.choice(newest), by=Actor("user", 1, "torture"), reason="Sent to the wrong person")
        except NotPublished:
            continue
        except DatabaseError:  # it was killed, and comes back
            connection.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
