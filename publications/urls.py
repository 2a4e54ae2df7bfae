"""Home, search, the pages of a campaign, a code and a customer, publications and exports."""

from django.urls import path

from publications.dashboard.pages import campaign, code, customer
from publications.dashboard.pages.erase_customer import erase_customer
from publications.dashboard.pages.home import home
from publications.dashboard.pages.search import search
from publications.exports.pages import views as exports
from publications.pages import history, imports, publish
from publications.quarantine.pages import views as quarantine
from publications.referrals.pages import views as referrals
from publications.webhooks.pages import views as webhooks

app_name = "publications"
urlpatterns = [
    path("", home, name="home"),
    path("search", search, name="search"),
    path("campaigns/<camp:campaign_id>/", campaign.campaign, name="campaign"),
    path("campaigns/<camp:campaign_id>/codes", campaign.campaign_codes, name="campaign-codes"),
    path("campaigns/<camp:campaign_id>/activity", campaign.campaign_activity, name="campaign-activity"),
    path("channels/suggest", publish.suggest_channels, name="suggest-channels"),
    path("campaigns/<camp:campaign_id>/publish", publish.publish, name="publish"),
    path("campaigns/<camp:campaign_id>/exports", exports.campaign_exports, name="campaign-exports"),
    path("campaigns/<camp:campaign_id>/hand-out", exports.hand_out, name="hand-out"),
    path("campaigns/<camp:campaign_id>/referrals", referrals.referrals, name="referrals"),
    path("campaigns/<camp:campaign_id>/referrers", referrals.referrers, name="referrers"),
    path("campaigns/<camp:campaign_id>/program", referrals.program, name="program"),
    path("codes/<v:voucher_id>/", code.code, name="code"),
    path("codes/<v:voucher_id>/publish", publish.publish_code, name="publish-code"),
    path("codes/<v:voucher_id>/release", code.release, name="release"),
    path("codes/<v:voucher_id>/hold-back", code.hold_back, name="hold-back"),
    path("codes/<v:voucher_id>/put-back", code.put_back, name="put-back"),
    path("customers/<cust:customer_id>/", customer.customer, name="customer"),
    path("customers/<cust:customer_id>/publications", customer.customer_publications, name="customer-publications"),
    path("customers/<cust:customer_id>/redemptions", customer.customer_redemptions, name="customer-redemptions"),
    path("customers/<cust:customer_id>/messages", customer.customer_messages, name="customer-messages"),
    path("customers/<cust:customer_id>/events", customer.customer_events, name="customer-events"),
    path("customers/<cust:customer_id>/unsubscribe", customer.unsubscribe, name="unsubscribe"),
    path("customers/<cust:customer_id>/resubscribe", customer.resubscribe, name="resubscribe"),
    path("customers/<cust:customer_id>/publish", publish.publish_to, name="publish-to"),
    path("customers/<cust:customer_id>/erase", erase_customer, name="erase-customer"),
    path("publications/", history.publications, name="all"),
    path("publications/<pub:publication_id>/", history.publication, name="publication"),
    path("publications/import", imports.import_publications, name="import"),
    path("publications/import/<int:import_id>", imports.publication_import, name="publication-import"),
    path("publications/import/<int:import_id>/errors", imports.errors, name="publication-import-errors"),
    path("publications/import/<int:import_id>/discard", imports.discard, name="publication-import-discard"),
    path("publications/import/<int:import_id>/retry", imports.retry, name="publication-import-retry"),
    path("exports/", exports.exports, name="exports"),
    path("exports/new", exports.report, name="report"),
    path("exports/<export:export_id>/", exports.export, name="export"),
    path("exports/<export:export_id>/status", exports.export_status, name="export-status"),
    path("exports/<export:export_id>/download", exports.download, name="download"),
    path("exports/<export:export_id>/retry", exports.retry, name="retry-export"),
    path("settings/after-restore/", quarantine.after_restore, name="after-restore"),
    path("settings/after-restore/codes", quarantine.withdraw_listed_codes, name="withdraw-listed"),
    path("settings/after-restore/messages", quarantine.settle_sent_messages, name="settle-sent"),
    path("settings/after-restore/open", quarantine.open_again, name="open-again"),
    path("settings/after-restore/<camp:campaign_id>", quarantine.withdraw_next_codes, name="withdraw-next"),
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
