"""What customers do in the background. Tasks are thin: each calls a verb, and bears being run again."""

from __future__ import annotations

from procrastinate.contrib.django import app

from config.background import UNTIL_THE_DATABASE_ANSWERS
from config.imports.delete_old_imports import delete_old_imports
from customers.actions.import_customers import import_customers
from customers.models import CustomerImport


@app.task(name="customers.run_customer_import", retry=UNTIL_THE_DATABASE_ANSWERS)
def run_customer_import(import_id: int) -> None:
    import_customers(import_id)


@app.periodic(cron="41 3 * * *")
@app.task(name="customers.delete_old_customer_imports", queueing_lock="delete_old_customer_imports")
def delete_old_customer_imports(timestamp: int) -> None:
    delete_old_imports(CustomerImport)
