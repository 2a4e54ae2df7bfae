"""First, middle and last page of lists of 1,000,000 rows, by the links that a reader follows (ADR 0022).

    .venv/bin/python -m bench.lists [--rows 1000000] [--repeats 20]

Each address is a page of the dashboard; a time is that of the whole answer over HTTP, one request after the other.
"""

from __future__ import annotations

import argparse
import json

from bench.installation import installation, machine, percentile
from bench.pages import WARM, fill, in_django, timed

LISTS = """
import json
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from campaigns.models import Campaign, Voucher
from customers.models import Customer
from publications.models import Publication

settings.ALLOWED_HOSTS = ["*"]
browser = Client()
browser.force_login(User.objects.get(username="admin"))
cookie = {"Cookie": f"sessionid={browser.cookies['sessionid'].value}"}
campaign = Campaign.objects.get(pk=CAMPAIGN)

def middle(rows):
    first, last = rows.order_by("pk").values_list("pk", flat=True)[:1][0], rows.order_by("-pk").values_list("pk", flat=True)[:1][0]
    return rows.filter(pk__gte=(first + last) // 2).order_by("pk").values_list("pk", flat=True)[0]

history = middle(Publication.objects.all())
day = Publication.objects.get(pk=history).created_at.date()
lists = {
    "publications": ("/publications/", history),
    "publications, one channel": ("/publications/?channel=API", history),
    "publications, failed": ("/publications/?result=FAILURE", history),
    "publications, by channel": ("/publications/?sort=channel", history),
    "a campaign's history": (f"/campaigns/{campaign.public_id}/", history),
    "a campaign's codes": (f"/campaigns/{campaign.public_id}/codes", middle(Voucher.objects.filter(campaign=campaign))),
    "all codes": ("/codes/", middle(Voucher.objects.all())),
    "customers": ("/customers/", middle(Customer.objects.all())),
    "customers, by name": ("/customers/?sort=name", middle(Customer.objects.all())),
    "admin, publications": ("/admin/publications/publication/", history),
    "admin, codes": ("/admin/codes/voucher/", middle(Voucher.objects.all())),
}
pages = {}
for name, (path, key) in lists.items():
    mark = "&" if "?" in path else "?"
    pages[f"{name}: first"] = path
    pages[f"{name}: after the middle"] = f"{path}{mark}after={key}"
    pages[f"{name}: before the middle"] = f"{path}{mark}before={key}"
    pages[f"{name}: last"] = f"{path}{mark}before=end"
pages["publications: jump to the middle's day"] = f"/publications/?at={day}"
pages["all codes: jump to the middle's day"] = f"/codes/?at={day}"
print(json.dumps([cookie, pages]))
"""


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--repeats", type=int, default=20)
    chosen = options.parse_args()
    print(machine())
    with installation() as handout:
        campaign = fill(handout, chosen.rows, chosen.rows)
        cookie, pages = json.loads(in_django(handout, LISTS, campaign=campaign))
        print(f"{chosen.rows:,} rows; milliseconds{'':22} p50     p95")
        for name, path in pages.items():
            timed(handout, path, cookie, WARM)
            times = timed(handout, path, cookie, chosen.repeats)
            print(f"{name:48} {percentile(times, 0.5) * 1000:7.0f} {percentile(times, 0.95) * 1000:7.0f}", flush=True)


if __name__ == "__main__":
    main()
