"""The user's own account."""

from django.urls import path

from config.staff.account import second_factor_pages, views

app_name = "account"
urlpatterns = [
    path("account/", views.account, name="account"),
    path("account/name", views.change_name, name="change-name"),
    path("account/second-factor/set-up", second_factor_pages.set_up, name="set-up-second-factor"),
    path("account/second-factor/remove", second_factor_pages.remove, name="remove-second-factor"),
    path("account/recovery-codes", second_factor_pages.recovery_codes, name="recovery-codes"),
    path("account/recovery-codes/new", second_factor_pages.new_codes, name="new-recovery-codes"),
    path("account/sessions/<int:session_id>/end", views.end_session, name="end-session"),
    path("account/sessions/end-others", views.end_other_sessions, name="end-other-sessions"),
]
