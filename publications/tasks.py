"""What publications do in the background. Tasks are thin: each calls a verb, and bears being run again."""

from __future__ import annotations

from procrastinate.contrib.django import app

from config.background import UNTIL_THE_DATABASE_ANSWERS
from config.imports.delete_old_imports import delete_old_imports
from publications.actions.run_publication_import import import_publications
from publications.models import PublicationImport


@app.task(name="publications.run_publication_import", retry=UNTIL_THE_DATABASE_ANSWERS)
def run_publication_import(import_id: int) -> None:
    import_publications(import_id)


@app.periodic(cron="45 3 * * *")
@app.task(name="publications.delete_old_publication_imports", queueing_lock="delete_old_publication_imports")
def delete_old_publication_imports(timestamp: int) -> None:
    delete_old_imports(PublicationImport)
