"""Django's admin under Handout's roles: whoever may read the dashboard may enter, and sees what the role allows."""

from functools import wraps

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from config.roles import READ, may
from config.sign_in import ask_to_sign_in


class HandoutAdminSite(admin.AdminSite):
    site_title = site_header = "Handout"
    index_title = "Administration"
    enable_nav_sidebar = False

    def has_permission(self, request) -> bool:
        return may(request.user, READ)

    def admin_view(self, view, cacheable=False):
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def checked(request, *args, **kwargs):
            # What was typed into a form is kept, as on every other page.
            return inner(request, *args, **kwargs) if request.user.is_authenticated else ask_to_sign_in(request)

        return checked

    def login(self, request, extra_context=None):
        if request.user.is_authenticated:  # who is signed in and still sent here lacks the role
            raise PermissionDenied("The administration needs a role. Ask a Manager to give you one.")
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
