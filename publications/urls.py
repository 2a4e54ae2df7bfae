"""Publishing and taking back, the history of publications, and their import."""

from django.urls import path

from publications.pages import code, failures, history, imports, publish

app_name = "publications"
urlpatterns = [
    path("channels/suggest", publish.suggest_channels, name="suggest-channels"),
    path("campaigns/<camp:campaign_id>/publish", publish.publish, name="publish"),
    path("codes/<v:voucher_id>/publish", publish.publish_code, name="publish-code"),
    path("codes/<v:voucher_id>/release", code.release, name="release"),
    path("codes/<v:voucher_id>/hold-back", code.hold_back, name="hold-back"),
    path("codes/<v:voucher_id>/put-back", code.put_back, name="put-back"),
    path("customers/<cust:customer_id>/publish", publish.publish_to, name="publish-to"),
    path("publications/", history.publications, name="history"),
    path("publications/<pub:publication_id>/", history.publication, name="publication"),
    path("publications/failures", failures.failures, name="failures"),
    path("publications/<pub:publication_id>/settle", imports.settle, name="settle"),
    path("publications/<pub:publication_id>/release", history.release, name="release-publication"),
    path("publications/import", imports.import_publications, name="import"),
    path("publications/import/<int:import_id>", imports.publication_import, name="publication-import"),
    path("publications/import/<int:import_id>/errors", imports.errors, name="publication-import-errors"),
    path("publications/import/<int:import_id>/discard", imports.discard, name="publication-import-discard"),
    path("publications/import/<int:import_id>/retry", imports.retry, name="publication-import-retry"),
    path("publications/import/<int:import_id>/stop", imports.stop, name="publication-import-stop"),
]
