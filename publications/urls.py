"""Home, search, the pages of a campaign, a code and a customer, publications and exports."""

from django.urls import path

from publications.views.erase_customer import erase_customer

app_name = "publications"
urlpatterns = [
    path("customers/<cust:customer_id>/erase", erase_customer, name="erase-customer"),
]
