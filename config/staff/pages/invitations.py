"""The page for inviting a user. For Managers."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from procrastinate.contrib.django import app

from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.invite import NameTaken, invite
from config.staff.pages.dialogs import leave
from config.staff.pages.forms import RolesField
from config.staff.pages.views import form_page
from config.staff.roles import MANAGE, ROLES, requires
from config.staff.sign_in.link_pages import site_of


class InvitationForm(forms.ModelForm):
    email = forms.EmailField(
        label="E-mail", max_length=254, help_text="The invitation goes here; the link is good for 7 days."
    )
    roles = RolesField(
        queryset=Group.objects.filter(name__in=ROLES),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one role: without one, nobody can open a page."},
    )
    single_column = True

    class Meta:
        model = User
        fields = ["email", "username", "first_name", "last_name"]


@form_page
@requires(MANAGE)
def invite_user(request: HtmxHttpRequest) -> HttpResponse:
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and settings.EMAIL_IS_SENT and form.is_valid():
        by = Actor.user(request.user)
        try:
            with transaction.atomic():
                user = invite(**form.cleaned_data, by=by)
                app.configure_task("staff.send_invitation").defer(
                    user_id=user.pk, site=site_of(request), by=[by.kind, by.id, by.label]
                )
        except NameTaken:
            form.add_error("username", "A user with that username already exists.")
        else:
            messages.success(request, f"An invitation is on its way to {user.email}.")
            return leave(request, reverse("admin:auth_user_changelist"))
    return render(
        request, "staff/invite_user.html", {"form": form, "title": "Invite a user", "is_sent": settings.EMAIL_IS_SENT}
    )
