"""Webhooks and their deliveries."""

from django.urls import path

from publications.webhooks.pages import views as webhooks

app_name = "webhooks"
urlpatterns = [
    path("settings/webhooks/", webhooks.webhooks, name="webhooks"),
    path("settings/webhooks/new", webhooks.create_webhook, name="create-webhook"),
    path("settings/webhooks/<hook:address_id>/", webhooks.webhook, name="webhook"),
    path("settings/webhooks/<hook:address_id>/edit", webhooks.edit_webhook, name="edit-webhook"),
    path("settings/webhooks/<hook:address_id>/secret", webhooks.webhook_secret, name="webhook-secret"),
    path("settings/webhooks/<hook:address_id>/pause", webhooks.pause_webhook, name="pause-webhook"),
    path("settings/webhooks/<hook:address_id>/resume", webhooks.resume_webhook, name="resume-webhook"),
    path("settings/webhooks/<hook:address_id>/delete", webhooks.delete_webhook, name="delete-webhook"),
    path("settings/webhooks/<hook:address_id>/test", webhooks.test_webhook, name="test-webhook"),
    path("settings/webhooks/<hook:address_id>/retry", webhooks.retry_webhook, name="retry-webhook"),
    path(
        "settings/webhooks/<hook:address_id>/deliveries/<int:delivery_id>/",
        webhooks.webhook_delivery,
        name="webhook-delivery",
    ),
    path(
        "settings/webhooks/<hook:address_id>/deliveries/<int:delivery_id>/again",
        webhooks.send_webhook_again,
        name="send-webhook-again",
    ),
]
