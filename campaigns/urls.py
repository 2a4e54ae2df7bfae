"""The list and forms of campaigns and codes."""

from django.urls import path

from campaigns.pages import code_views, import_views, order_views, views

app_name = "campaigns"
urlpatterns = [
    path("campaigns/", views.campaigns, name="list"),
    path("campaigns/new", views.create, name="create"),
    path("campaigns/preview", views.preview, name="preview"),
    path("campaigns/suggest", views.suggest, name="suggest"),
    path("campaigns/<camp:campaign_id>/settings", views.settings, name="settings"),
    path("campaigns/<camp:campaign_id>/enable", views.enable, name="enable"),
    path("campaigns/<camp:campaign_id>/disable", views.disable, name="disable"),
    path("campaigns/<camp:campaign_id>/delete", views.delete, name="delete"),
    path("campaigns/<camp:campaign_id>/extend", order_views.extend, name="extend"),
    path("campaigns/<camp:campaign_id>/orders/<int:order_id>", order_views.order, name="order"),
    path("campaigns/<camp:campaign_id>/import", import_views.import_into_campaign, name="import"),
    path("codes/", code_views.codes, name="codes"),
    path("codes/new", code_views.create, name="create-codes"),
    path("codes/<v:voucher_id>/edit", code_views.edit, name="edit-code"),
    path("codes/<v:voucher_id>/enable", code_views.enable, name="enable-code"),
    path("codes/<v:voucher_id>/disable", code_views.disable, name="disable-code"),
    path("codes/import", import_views.import_standalone, name="import-codes"),
    path("codes/import/<int:import_id>", import_views.code_import, name="code-import"),
    path("codes/import/<int:import_id>/errors", import_views.errors, name="code-import-errors"),
    path("codes/import/<int:import_id>/discard", import_views.discard, name="code-import-discard"),
    path("codes/import/<int:import_id>/retry", import_views.retry, name="code-import-retry"),
    path("codes/import/<int:import_id>/stop", import_views.stop, name="code-import-stop"),
    path("codes/import/<int:import_id>/undo", import_views.undo, name="code-import-undo"),
]
