"""The referrals of a campaign, and its program."""

from django.urls import path

from publications.referrals.pages import views as referrals

app_name = "referrals"
urlpatterns = [
    path("campaigns/<camp:campaign_id>/referrals", referrals.referrals, name="referrals"),
    path("campaigns/<camp:campaign_id>/referrers", referrals.referrers, name="referrers"),
    path("campaigns/<camp:campaign_id>/program", referrals.program, name="program"),
]
