"""Exports and hand-outs."""

from django.urls import path

from publications.exports.pages import downloads, reports
from publications.exports.pages import views as exports

app_name = "exports"
urlpatterns = [
    path("campaigns/<camp:campaign_id>/exports", exports.campaign_exports, name="campaign-exports"),
    path("campaigns/<camp:campaign_id>/hand-out", exports.hand_out, name="hand-out"),
    path("exports/", exports.exports, name="exports"),
    path("exports/new", reports.report, name="report"),
    path("exports/views/<int:view_id>/delete", reports.remove_view, name="delete-view"),
    path("exports/<export:export_id>/", exports.export, name="export"),
    path("exports/<export:export_id>/status", exports.export_status, name="export-status"),
    path("exports/<export:export_id>/download", downloads.download, name="download"),
    path("exports/<export:export_id>/file", downloads.file, name="file"),
    path("exports/<export:export_id>/retry", exports.retry, name="retry-export"),
    path("exports/<export:export_id>/stop", exports.stop, name="stop-export"),
]
