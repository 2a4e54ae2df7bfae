"""A database that goes away in the middle of a COPY is trouble that passes: no long work ends for good because of it."""

from __future__ import annotations

import time
from contextlib import suppress
from threading import Thread

import pytest
from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction

from campaigns.codes.actions.extend_pool import extend_pool, fulfil_order, order_codes
from campaigns.codes.actions.import_codes import import_codes
from campaigns.codes.models import CodeImport, CodeOrder, Voucher
from customers.actions.import_customers import import_customers
from customers.models import Customer, CustomerImport
from publications.actions.run_publication_import import import_publications
from publications.distributions.actions.list_recipients import list_recipients
from publications.distributions.models import ListedRecipient
from publications.exports.actions.write_export import make_export_file
from publications.exports.models import Export
from publications.exports.report import order_report
from publications.models import PublicationImport
from tests.support.distributions import draft
from tests.support.factories import STAFF, CampaignFactory
from tests.support.imports import queued_codes, queued_customers, queued_publications

pytestmark = pytest.mark.django_db(transaction=True)
ROWS, PUBLISHED = 40_000, 15_000

COPIED = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE 'COPY%'"
)


def interrupted(work, *arguments) -> list[Exception]:
    """Runs it in a thread whose connection is ended in the middle of the first COPY that is seen. What it raised."""
    raised: list[Exception] = []

    def run():
        try:
            work(*arguments)
        except Exception as error:
            raised.append(error)
        finally:
            with suppress(Exception):
                connection.close()

    thread = Thread(target=run)
    thread.start()
    with connection.cursor() as cursor:
        while thread.is_alive():
            cursor.execute(f"SELECT pg_terminate_backend(pid, 60000) FROM ({COPIED}) AS copying")
            if cursor.rowcount:
                break
            time.sleep(0.001)
    thread.join()
    close_old_connections()
    return raised


def campaign_of_many_codes():
    campaign = CampaignFactory()
    with transaction.atomic():
        extend_pool(campaign, count=ROWS)
    return campaign


def assert_passing(raised: list[Exception]) -> None:
    """What config/staff/tasks.py tries again."""
    assert [isinstance(error, OperationalError | InterfaceError) for error in raised] == [True], raised


def test_an_import_of_codes():
    queued = queued_codes("Code\n" + "\n".join(f"K{n:07}" for n in range(ROWS)), CampaignFactory())

    raised = interrupted(import_codes, queued.pk)
    between = CodeImport.objects.get(pk=queued.pk).status
    import_codes(queued.pk)

    assert_passing(raised)
    done = CodeImport.objects.get(pk=queued.pk)
    assert (between, done.status, done.rows_imported) == ("running", "done", ROWS)
    assert Voucher.objects.count() == ROWS


def test_an_import_whose_rows_are_all_refused():
    """They are copied, too."""
    queued = queued_codes("Code,Active\n" + "\n".join(f"K{n:07},maybe" for n in range(ROWS)), CampaignFactory())

    raised = interrupted(import_codes, queued.pk)
    between = CodeImport.objects.get(pk=queued.pk).status
    import_codes(queued.pk)

    assert_passing(raised)
    done = CodeImport.objects.get(pk=queued.pk)
    assert (between, done.status, done.rows_refused) == ("running", "done", ROWS)


def test_an_import_of_customers():
    queued = queued_customers("Name,Source_id\n" + "".join(f"Customer {n},s{n}\n" for n in range(ROWS)))

    raised = interrupted(import_customers, queued.pk)
    between = CustomerImport.objects.get(pk=queued.pk).status
    import_customers(queued.pk)

    assert_passing(raised)
    assert (between, CustomerImport.objects.get(pk=queued.pk).status) == ("running", "done")
    assert Customer.objects.count() == ROWS


def test_an_import_of_publications():
    campaign_of_many_codes()
    codes = Voucher.objects.values_list("code", flat=True)[:PUBLISHED]
    queued = queued_publications("Voucher Code,Customer Source ID\n" + "".join(f"{code},s-{code}\n" for code in codes))

    raised = interrupted(import_publications, queued.pk)
    between = PublicationImport.objects.get(pk=queued.pk).status
    import_publications(queued.pk)

    assert_passing(raised)
    done = PublicationImport.objects.get(pk=queued.pk)
    assert (between, done.status, done.rows_imported) == ("running", "done", PUBLISHED)


def test_a_report():
    campaign = campaign_of_many_codes()
    ordered = order_report(Export.Kind.CODES, campaign=campaign, by=STAFF)

    raised = interrupted(make_export_file, ordered.pk)
    between = Export.objects.get(pk=ordered.pk).status
    make_export_file(ordered.pk)

    assert_passing(raised)
    done = Export.objects.get(pk=ordered.pk)
    assert (between, done.status, done.rows) == ("running", "done", ROWS)


def test_an_order_of_codes():
    campaign = CampaignFactory()
    order_codes(campaign, count=ROWS, by=STAFF)
    order = CodeOrder.objects.get()

    raised = interrupted(fulfil_order, order.pk)
    between = CodeOrder.objects.get(pk=order.pk).status
    fulfil_order(order.pk)

    assert_passing(raised)
    assert between in ("queued", "running")
    assert (CodeOrder.objects.get(pk=order.pk).status, Voucher.objects.count()) == ("done", ROWS)


def test_a_list_of_recipients_is_taken_as_a_whole_or_not_at_all():
    distribution = draft(2)

    def slow_lines():
        for number in range(2000):
            time.sleep(0.0005)
            yield f"shop-{number}"

    raised = interrupted(lambda: list_recipients(distribution, slow_lines(), by=STAFF))

    assert_passing(raised)
    assert ListedRecipient.objects.count() == 2
