"""API keys, and the log of their calls."""

from django.urls import path

from config.api.pages import views

app_name = "api"
urlpatterns = [
    path("settings/api-keys/", views.api_keys, name="api-keys"),
    path("settings/api-keys/new", views.create_key, name="create-api-key"),
    path("settings/api-keys/<int:key_id>/made", views.key_made, name="api-key-made"),
    path("settings/api-keys/<int:key_id>/log", views.key_log, name="api-key-log"),
    path("settings/api-keys/<int:key_id>/edit", views.edit_key, name="edit-api-key"),
    path("settings/api-keys/<int:key_id>/rotate", views.rotate_key, name="rotate-api-key"),
    path("settings/api-keys/<int:key_id>/revoke", views.revoke_key, name="revoke-api-key"),
]
