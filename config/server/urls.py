"""The page Status."""

from django.urls import path

from config.server import pages

app_name = "server"
urlpatterns = [
    path("settings/status", pages.status, name="status"),
]
