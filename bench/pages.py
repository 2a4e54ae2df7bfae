"""Pages and lists on a large database against the same on a small one (lines 8 and 9 of docs/benchmarks.md).

    .venv/bin/python -m bench.pages [--rows 10000000] [--customers 1000000] [--repeats 30]

Publications and codes all lie in one campaign, beside 499 others. A page's time is that of its whole answer over HTTP,
one request after the other, the first few of each left out, which warm each process; ratio is p95 against p95.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping

from bench.http_load import load, request
from bench.installation import ROOT, Installation, installation, machine, percentile
from bench.load_data import add_campaign, add_campaigns, add_customers, add_history

SMALL = 10_000
CAMPAIGNS = 500
WARM = 5


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=10_000_000)
    options.add_argument("--customers", type=int, default=1_000_000)
    options.add_argument("--repeats", type=int, default=30)
    chosen = options.parse_args()
    print(machine())
    small = measure(SMALL, SMALL // 10, chosen.repeats)
    large = measure(chosen.rows, chosen.customers, chosen.repeats)
    print(f"{'p95 in ms':44} {SMALL:>10,} {chosen.rows:>12,}   ratio   first time")
    for name, (times, _, _) in small.items():
        more, first, queries = large[name]
        least, most = percentile(times, 0.95) * 1000, percentile(more, 0.95) * 1000
        print(
            f"{name:44} {least:10.1f} {most:12.1f}   {most / least:5.2f}   {first * 1000:7.0f} ms   {queries} queries"
        )


def measure(rows: int, customers: int, repeats: int) -> dict[str, tuple[list[float], float, str]]:
    with installation() as handout:
        started = time.perf_counter()
        campaign = fill(handout, rows, customers)
        print(f"{rows:,} publications loaded in {time.perf_counter() - started:.0f} s", flush=True)
        pages = json.loads(in_django(handout, PAGES, campaign=campaign, rows=rows))
        found = {}
        for name, (path, headers, queries) in pages.items():
            first, *_ = timed(handout, path, headers, WARM)
            found[name] = (timed(handout, path, headers, repeats), first, queries)
        return found


def timed(handout: Installation, path: str, headers: Mapping[str, str], repeats: int) -> list[float]:
    """Seconds of each request."""
    times: list[float] = []
    for _ in range(repeats):
        done = load(handout.port, lambda: request("GET", path, headers=headers), connections=1, seconds=0)
        assert set(done.statuses) == {200}, (path, done.statuses)
        times += done.latencies
    return times


def fill(handout: Installation, rows: int, customers: int) -> int:
    """Returns the key of the campaign that all publications are of."""
    add_customers(handout, customers)
    add_campaigns(handout, CAMPAIGNS - 1, first=10**10)
    campaign = add_campaign(handout, "Bench", codes=0)
    add_history(handout, campaign, rows)
    handout.sql("UPDATE campaigns_campaign SET pool_version = pool_version + 1")  # as every verb that adds codes does
    handout.settle()
    while not handout.sql(COUNTED)[0][0]:
        # As the worker does in the background; what was drawn more than a minute ago, it need not wait for.
        handout.sql("UPDATE tallies_tallyprogress SET noted_at = noted_at - interval '1 minute'")
        in_django(handout, COUNT)
    return campaign


COUNT = """
from publications.funnel.actions.count_funnel import count_funnel
from publications.tallies.count_campaigns import count_campaigns
from publications.tallies.count_publications import count_publications
count_publications()
count_campaigns()
count_funnel()
"""
COUNTED = """
SELECT (SELECT max(id) FROM publications_publication) <= (SELECT counted_up_to FROM tallies_tallyprogress)
   AND (SELECT max(id) FROM publications_publishedvoucher) <= (SELECT ledger_up_to FROM funnel_funnelprogress WHERE as_of IS NOT NULL)
   AND NOT EXISTS (SELECT FROM campaigns_campaign c LEFT JOIN campaigns_campaigncount k ON k.campaign_id = c.id
                    WHERE k.pool_version IS DISTINCT FROM c.pool_version)
"""

# Run by manage.py shell: a session, an API key, the addresses, and how many queries each page makes.
PAGES = """
import json
from datetime import timedelta
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from campaigns.models import Campaign
from config.actor import SYSTEM
from config.api.actions.create_api_key import create_api_key
from publications.models import Publication

settings.ALLOWED_HOSTS = ["*"]
browser = Client()
browser.force_login(User.objects.get(username="admin"))
cookie = {"Cookie": f"sessionid={browser.cookies['sessionid'].value}"}
key, token = create_api_key("bench", by=SYSTEM)
shop = {"X-App-Id": str(key.app_id), "X-App-Token": token}
campaign = Campaign.objects.get(pk=CAMPAIGN)
middle = Publication.objects.filter(campaign=campaign, result="SUCCESS").order_by("id")[ROWS // 2 : ROWS // 2 + 1].get()
voucher = middle.ledger.get().voucher
day = (timezone.now() - timedelta(days=90)).date()
page = f"/campaigns/{campaign.public_id}/"
pages = {
    "8 history": page,
    "8 history, page 200": page + "?page=200",
    "8 history, one channel": page + "?channel=newsletter_October",
    "8 history, failed": page + "?result=FAILURE",
    "8 history, a day": page + f"?since={day}&until={day}",
    "8 history, channel and day": page + f"?channel=API&since={day}&until={day}",
    "8 history, one e-mail": page + f"?q={middle.customer.email}",
    "8 history, beginning of an e-mail (broad)": page + "?q=c1",
    "8 history, beginning of a code": page + f"?q={voucher.code[:8]}",
    "8 history, one code": page + f"?q={voucher.code}",
    "8 history, by channel": page + "?sort=channel",
    "9 home": "/",
    "9 campaigns": "/campaigns/",
    "9 campaign's codes": page + "codes",
    "9 publications": "/publications/",
    "9 funnel": "/funnel/",
    "9 funnel, by campaign": "/funnel/?by=campaign&weeks=26",
    "9 funnel of a campaign": f"/funnel/?campaign={campaign.public_id}&weeks=26",
    "9 customers": "/customers/",
    "9 customers, one e-mail": f"/customers/?q={middle.customer.email}",
    "9 customers, search (1 row, then 25)": "/customers/?q=customer+4321",
    "9 customers, broad search": "/customers/?q=customer+1",
    "9 customer": f"/customers/{middle.customer.public_id}/",
    "9 code": f"/codes/{voucher.public_id}/",
    "9 codes": "/codes/",
    "9 search, a code": f"/search?q={voucher.code}",
    "9 search, a name": "/search?q=customer+4321",
    "9 exports": "/exports/",
    "9 audit log": "/settings/audit-log",
}
lists = {
    "9 API publications": "/v1/publications",
    "9 API publications, page 50": "/v1/publications?page=50",
    "9 API publications, starting_after": f"/v1/publications?starting_after={middle.public_id}",
    "9 API publications of a campaign": "/v1/publications?campaign=Bench",
    "9 API vouchers of a campaign": f"/v1/vouchers?campaign_id={campaign.public_id}",
    "9 API customers": "/v1/customers",
    "9 API voucher": f"/v1/vouchers/{voucher.code}",
}
told = {}
for name, path in pages.items():
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(path, follow=True).status_code == 200, path
    told[name] = (path, cookie, str(len(queries)))
for name, path in lists.items():
    with CaptureQueriesContext(connection) as queries:
        answer = browser.get(path, headers=shop)
        assert answer.status_code == 200, (path, answer.content)
    told[name] = (path, shop, str(len(queries)))
print(json.dumps(told))
"""


def in_django(handout: Installation, script: str, **values: int) -> str:
    """What the script prints, run by manage.py shell; the values' names in capitals are put in."""
    for name, value in values.items():
        script = script.replace(name.upper(), str(value))
    return subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", script],
        cwd=ROOT, env=handout.environment, check=True, stdout=subprocess.PIPE, text=True,
    ).stdout  # fmt: skip


if __name__ == "__main__":
    main()
