"""Project settings and the audit log."""

from django.urls import path

from config.staff.pages import invitations, views

app_name = "staff"
urlpatterns = [
    path("settings/project", views.project_settings, name="settings"),
    path("settings/users/invite", invitations.invite_user, name="invite-user"),
    path("settings/audit-log", views.audit_log, name="audit-log"),
]
