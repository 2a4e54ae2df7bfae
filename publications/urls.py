"""Home, search, the pages of a campaign, a code and a customer, publications and exports."""

from django.urls import path

from publications.views import campaign, code, customer, history, publish
from publications.views.erase_customer import erase_customer
from publications.views.home import home
from publications.views.search import search

app_name = "publications"
urlpatterns = [
    path("", home, name="home"),
    path("search", search, name="search"),
    path("campaigns/<camp:campaign_id>/", campaign.campaign, name="campaign"),
    path("campaigns/<camp:campaign_id>/codes", campaign.campaign_codes, name="campaign-codes"),
    path("campaigns/<camp:campaign_id>/activity", campaign.campaign_activity, name="campaign-activity"),
    path("campaigns/<camp:campaign_id>/publish", publish.publish, name="publish"),
    path("codes/<v:voucher_id>/", code.code, name="code"),
    path("codes/<v:voucher_id>/publish", publish.publish_code, name="publish-code"),
    path("codes/<v:voucher_id>/release", code.release, name="release"),
    path("customers/<cust:customer_id>/", customer.customer, name="customer"),
    path("customers/<cust:customer_id>/publications", customer.customer_publications, name="customer-publications"),
    path("customers/<cust:customer_id>/publish", publish.publish_to, name="publish-to"),
    path("customers/<cust:customer_id>/erase", erase_customer, name="erase-customer"),
    path("publications/", history.all, name="all"),
    path("publications/<pub:publication_id>/", history.publication, name="publication"),
]
