"""Erases customers again whom a restored backup has brought back, using the journal of erasures."""

from __future__ import annotations

from pathlib import Path

from config.actor import Actor
from config.erasure_journal import read_erasures
from config.public_ids import CUSTOMER, key_of
from customers.models import Customer
from publications.dashboard.erase_customer import erase_customer


def erase_again(journal: Path, *, by: Actor) -> int:
    """How many were erased; who is erased here already, or unknown (made after the backup), is passed over.

    Whenever the erasure was: keys are never used for anybody else (move_ids_on.py).
    """
    erased = 0
    for public_id in read_erasures(journal):
        key = key_of(CUSTOMER, public_id)
        if key and (customer := Customer.objects.live().filter(pk=key).first()):
            erased += erase_customer(customer, by=by)
    return erased
