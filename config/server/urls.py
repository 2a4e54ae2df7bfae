"""The pages Status and E-mail."""

from django.urls import path

from config.server import email_page, pages

app_name = "server"
urlpatterns = [
    path("settings/email", email_page.email, name="email"),
    path("settings/status", pages.status, name="status"),
]
