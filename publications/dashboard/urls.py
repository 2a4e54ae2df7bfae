"""Home, search, and the pages of a campaign, a code and a customer."""

from django.urls import path

from publications.dashboard.pages import campaign, code, customer
from publications.dashboard.pages.erase_customer import erase_customer
from publications.dashboard.pages.home import home
from publications.dashboard.pages.search import search

app_name = "dashboard"
urlpatterns = [
    path("", home, name="home"),
    path("search", search, name="search"),
    path("campaigns/<camp:campaign_id>/", campaign.campaign, name="campaign"),
    path("campaigns/<camp:campaign_id>/codes", campaign.campaign_codes, name="campaign-codes"),
    path("campaigns/<camp:campaign_id>/activity", campaign.campaign_activity, name="campaign-activity"),
    path("codes/<v:voucher_id>/", code.code, name="code"),
    path("customers/<cust:customer_id>/", customer.customer, name="customer"),
    path("customers/<cust:customer_id>/publications", customer.customer_publications, name="customer-publications"),
    path("customers/<cust:customer_id>/redemptions", customer.customer_redemptions, name="customer-redemptions"),
    path("customers/<cust:customer_id>/messages", customer.customer_messages, name="customer-messages"),
    path("customers/<cust:customer_id>/events", customer.customer_events, name="customer-events"),
    path("customers/<cust:customer_id>/unsubscribe", customer.unsubscribe, name="unsubscribe"),
    path("customers/<cust:customer_id>/resubscribe", customer.resubscribe, name="resubscribe"),
    path("customers/<cust:customer_id>/erase", erase_customer, name="erase-customer"),
]
