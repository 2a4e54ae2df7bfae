"""Ids are what the library makes of keys, though a part of its work is remembered."""

import random

import pytest
from django.db import connection
from sqids import Sqids

from config import public_ids

pytestmark = pytest.mark.django_db


def test_ids_are_those_of_the_library():
    ours = public_ids._sqids()
    plain = Sqids(alphabet=_alphabet(), min_length=16)
    dice = random.Random(1)

    for key in [0, 1, 2**63 - 1, *(dice.randrange(2 ** dice.randrange(1, 63)) for _ in range(2000))]:
        text = ours.encode([key])
        assert text == plain.encode([key])
        assert public_ids.key_of("pub", f"pub_{text}") == key


def _alphabet():
    with connection.cursor() as cursor:
        cursor.execute("SELECT alphabet FROM handout_identity")
        return cursor.fetchone()[0]
