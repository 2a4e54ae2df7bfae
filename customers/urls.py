"""The list and forms of customers."""

from django.urls import path

from customers.pages import import_views, views

app_name = "customers"
urlpatterns = [
    path("customers/", views.customers, name="list"),
    path("customers/duplicates", views.doubles, name="doubles"),
    path("customers/new", views.create, name="create"),
    path("customers/suggest", views.suggest, name="suggest"),
    path("customers/import", import_views.import_customers, name="import"),
    path("customers/import/<int:import_id>", import_views.customer_import, name="customer-import"),
    path("customers/import/<int:import_id>/errors", import_views.errors, name="customer-import-errors"),
    path("customers/import/<int:import_id>/discard", import_views.discard, name="customer-import-discard"),
    path("customers/import/<int:import_id>/retry", import_views.retry, name="customer-import-retry"),
    path("customers/import/<int:import_id>/stop", import_views.stop, name="customer-import-stop"),
    path("customers/<cust:customer_id>/edit", views.edit, name="edit"),
]
