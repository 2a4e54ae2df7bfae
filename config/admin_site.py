"""Django's admin under Handout's roles: whoever may read the dashboard may enter, and sees what the role allows."""

from django.contrib import admin

from config.roles import READ, may


class HandoutAdminSite(admin.AdminSite):
    site_title = site_header = "Handout"
    index_title = "Administration"
    enable_nav_sidebar = False

    def has_permission(self, request) -> bool:
        return may(request.user, READ)
