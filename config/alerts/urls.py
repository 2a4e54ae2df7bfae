"""The bell, and who gets which alerts."""

from django.urls import path

from config.alerts.pages import views

app_name = "alerts"
urlpatterns = [
    path("alerts/", views.alerts, name="alerts"),
    path("alerts/read", views.read_all, name="read-all"),
    path("alerts/<int:notice_id>/read", views.read_one, name="read"),
    path("alerts/rules/", views.rules, name="rules"),
    path("alerts/rules/test", views.test, name="test"),
    path("alerts/rules/<str:kind>", views.edit_rule, name="edit-rule"),
]
