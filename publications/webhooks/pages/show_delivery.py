"""Shows people what was sent and what the receiver answered."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from campaigns.codes.mask import mask
from campaigns.codes.models import Voucher
from config.public_ids import VOUCHER, key_of
from publications.webhooks.models import WebhookDelivery

VOUCHER_ID = re.compile(rf'"({VOUCHER}_[0-9A-Za-z]+)"')


class Shown(NamedTuple):
    body: str
    answer: str


def show_delivery(delivery: WebhookDelivery) -> Shown:
    """The body indented. A code in it that is unpublished now (it was released, or is redeemed without having been
    published) is masked, as on every other page; also in the answer, where receivers like to repeat it.
    """
    body, answer = json.dumps(json.loads(delivery.body), indent=2, ensure_ascii=False), delivery.answer_body
    for code in _unpublished(delivery.body):
        for text in {code, json.dumps(code, ensure_ascii=False)[1:-1]}:
            body, answer = body.replace(text, mask(code)), answer.replace(text, mask(code))
    return Shown(body, answer)


def _unpublished(body: str) -> list[str]:
    ids = set(VOUCHER_ID.findall(body))
    keys = [key for key in (key_of(VOUCHER, public_id) for public_id in ids) if key is not None]
    codes = Voucher.objects.filter(pk__in=keys, published_at=None).values_list("code", flat=True)
    return sorted(codes, key=len, reverse=True)  # one may be the beginning of another
