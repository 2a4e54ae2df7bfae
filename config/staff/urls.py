"""Project settings and the audit log."""

from django.urls import path

from config.staff.pages import views

app_name = "staff"
urlpatterns = [
    path("settings/project", views.project_settings, name="settings"),
    path("settings/audit-log", views.audit_log, name="audit-log"),
]
