"""The official Python client of before 2023, unmodified. Prints what it read from the server named by HANDOUT."""

import json
import os
import sys

from voucherify import Client

client = Client(os.environ["APP_ID"], os.environ["APP_TOKEN"], os.environ["HANDOUT"])
seen = {"customer": client.customers.create({"source_id": "shop-1", "name": "Erlich", "email": "erlich@example.com"})}
seen["published"] = client.distributions.publish(
    {"campaign": "Coffee", "customer": {"source_id": "shop-1"}, "channel": "mail"}
)
code = seen["published"]["code"]
seen["voucher"] = client.vouchers.get(code)
seen["vouchers"] = client.vouchers.list({"campaign": "Coffee", "limit": 10})["vouchers"]
order = {"amount": 2000, "items": [{"source_id": "beans", "quantity": 2, "price": 1000}]}
seen["redemption"] = client.redemptions.redeem({"voucher": code, "customer": {"source_id": "shop-1"}, "order": order})
seen["of_voucher"] = client.redemptions.getForVoucher(code)["redemption_entries"]
seen["redemptions"] = client.redemptions.list({"limit": 10})["redemptions"]
seen["rollback"] = client.redemptions.rollback(seen["redemption"]["id"], "Returned")
seen["refusal"] = client.vouchers.get("NONE")
json.dump(seen, sys.stdout)
