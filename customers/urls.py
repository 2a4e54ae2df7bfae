"""The list and forms of customers."""

from django.urls import path

from customers import views

app_name = "customers"
urlpatterns = [
    path("customers/", views.list, name="list"),
    path("customers/new", views.create, name="create"),
    path("customers/suggest", views.suggest, name="suggest"),
    path("customers/<cust:customer_id>/edit", views.edit, name="edit"),
]
