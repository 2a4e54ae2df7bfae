"""The list and forms of customers, and the pages of segments."""

from django.urls import path

from customers.pages import import_views, views
from customers.segments.pages import views as segment_views

app_name = "customers"
urlpatterns = [
    path("customers/", views.customers, name="list"),
    path("customers/new", views.create, name="create"),
    path("customers/suggest", views.suggest, name="suggest"),
    path("customers/import", import_views.import_customers, name="import"),
    path("customers/import/<int:import_id>", import_views.customer_import, name="customer-import"),
    path("customers/import/<int:import_id>/errors", import_views.errors, name="customer-import-errors"),
    path("customers/import/<int:import_id>/discard", import_views.discard, name="customer-import-discard"),
    path("customers/import/<int:import_id>/retry", import_views.retry, name="customer-import-retry"),
    path("customers/<cust:customer_id>/edit", views.edit, name="edit"),
    path("customers/find", segment_views.find, name="find"),
    path("segments/", segment_views.segments, name="segments"),
    path("segments/new", segment_views.create_segment, name="create-segment"),
    path("segments/new-list", segment_views.create_static, name="create-static"),
    path("segments/count", segment_views.count_segment, name="count-segment"),
    path("segments/<seg:segment_id>/", segment_views.segment, name="segment"),
    path("segments/<seg:segment_id>/edit", segment_views.edit_segment, name="edit-segment"),
    path("segments/<seg:segment_id>/delete", segment_views.remove_segment, name="delete-segment"),
    path("segments/<seg:segment_id>/fill", segment_views.fill, name="fill-segment"),
    path("segments/<seg:segment_id>/add", segment_views.add_customer, name="add-to-segment"),
    path(
        "segments/<seg:segment_id>/customers/<cust:customer_id>/remove",
        segment_views.remove_customer,
        name="remove-from-segment",
    ),
]
