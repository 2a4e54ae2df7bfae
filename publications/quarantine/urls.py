"""What to do after restoring a backup."""

from django.urls import path

from publications.quarantine.pages import views as quarantine

app_name = "quarantine"
urlpatterns = [
    path("settings/after-restore/", quarantine.after_restore, name="after-restore"),
    path("settings/after-restore/codes", quarantine.withdraw_listed_codes, name="withdraw-listed"),
    path("settings/after-restore/messages", quarantine.settle_sent_messages, name="settle-sent"),
    path("settings/after-restore/open", quarantine.open_again, name="open-again"),
    path("settings/after-restore/<camp:campaign_id>", quarantine.withdraw_next_codes, name="withdraw-next"),
]
