"""Imports as a program orders them, run to their end."""

from __future__ import annotations

from typing import Any

from campaigns.codes.actions.import_codes import import_codes
from campaigns.codes.models import CodeImport
from customers.actions.import_customers import import_customers
from customers.models import CustomerImport
from tests.support.api.calls import Answer, Api


def done(caller: Api, answer: Answer) -> dict[str, Any]:
    """The async action of a call that was accepted, once its work is done."""
    assert (answer.status, list(answer.json)) == (202, ["async_action_id"]), answer.json
    for code_import in CodeImport.objects.filter(status="queued"):
        import_codes(code_import.pk)
    for customer_import in CustomerImport.objects.filter(status="queued"):
        import_customers(customer_import.pk)
    return caller.get(f"async-actions/{answer.json['async_action_id']}").json
