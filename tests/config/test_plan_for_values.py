"""A count that ends at a limit is planned for the very rows that it counts."""

import pytest
from django.db import connection

from config.postgres.plan_for_values import plan_for_values
from config.staff.lists.paging import count_rows
from customers.models import Customer
from tests.support.factories import CustomerFactory

pytestmark = pytest.mark.django_db


def prepared() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [statement for (statement,) in cursor.fetchall() if "customers_customer" in statement]


def test_the_count_of_a_list_is_never_prepared_and_what_comes_after_it_is():
    CustomerFactory(name="Ada")
    named = Customer.objects.filter(name="Ada")

    for _ in range(3):
        assert count_rows(named) == (1, False)
    counted = prepared()
    for _ in range(3):
        named.count()

    assert not [statement for statement in counted if "LIMIT 10001" in statement]
    assert len(prepared()) > len(counted)


def test_statements_are_prepared_again_after_an_error():
    before = connection.connection.prepare_threshold if connection.connection else None
    with pytest.raises(RuntimeError), plan_for_values():
        assert connection.connection.prepare_threshold is None
        raise RuntimeError
    assert connection.connection.prepare_threshold == before is not None
