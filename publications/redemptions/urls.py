"""Checking, redeeming and rolling back at the till, and the list of redemptions."""

from django.urls import path

from publications.redemptions.pages import check, history

app_name = "redemptions"
urlpatterns = [
    path("check", check.check, name="check"),
    path("codes/<v:voucher_id>/check", check.check_code, name="check-code"),
    path("codes/<v:voucher_id>/redeem", check.redeem, name="redeem"),
    path("redemptions/", history.redemptions, name="history"),
    path("redemptions/tried-by-others", history.tried_by_others, name="tried-by-others"),
    path("redemptions/<int:redemption_id>/roll-back", check.roll_back, name="roll-back"),
]
