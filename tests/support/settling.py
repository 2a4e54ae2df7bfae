"""Hand-outs and their settlements for tests: made by the verbs, as the pages do it."""

from __future__ import annotations

from django.core.files.base import ContentFile

from campaigns.models import Campaign
from config.imports.draft_import import draft_import, start_import
from publications.actions.run_publication_import import import_publications
from publications.actions.settle_hand_out import SETTLEMENT_FIELDS
from publications.exports.actions.hand_out import order_hand_out
from publications.exports.actions.write_export import make_export_file
from publications.exports.models import Export
from publications.models import Publication, PublicationImport
from tests.support.factories import STAFF


def handed_out(campaign: Campaign) -> Export:
    """All of its pool, into a finished file."""
    ordered = order_hand_out(campaign, count=None, for_whom="Baker & Sons", by=STAFF)
    make_export_file(ordered.pk)
    return Export.objects.select_related("publication").get(pk=ordered.pk)


def queued_settlement(hand_out: Publication, content: str, **options) -> PublicationImport:
    draft = draft_import(
        PublicationImport,
        ContentFile(content.encode(), name="settlement.csv"),
        by=STAFF,
        fields=SETTLEMENT_FIELDS,
        hand_out=hand_out,
        **options,
    )
    start_import(draft, by=STAFF, defer=lambda import_id: None)
    return draft


def settled(hand_out: Publication, content: str, **options) -> PublicationImport:
    queued = queued_settlement(hand_out, content, **options)
    import_publications(queued.pk)
    return PublicationImport.objects.get(pk=queued.pk)
