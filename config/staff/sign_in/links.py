"""Links by e-mail with which somebody chooses a password: the first, by an invitation, or another, when they forgot theirs.

A link is good once and for a time: its token is made of the password's hash, the last sign-in and the address, so each of them
ends it (Django's PasswordResetTokenGenerator). It never goes round the second factor.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import base36_to_int, urlsafe_base64_encode

from config.actor import SYSTEM, Actor
from config.clocks import CLOCKS_DIFFER
from config.staff.audit import record
from config.staff.models import AuditEntry
from config.staff.sign_in.sessions import end_sessions

AN_HOUR = 3  # e-mails to one user, whoever asks


class Purpose(PasswordResetTokenGenerator):
    """Why a link is sent. The token of one is none of the other."""

    def __init__(self, name: str, *, seconds: int, subject: str, text: str) -> None:
        super().__init__()
        self.name, self.seconds, self.subject, self.text = name, seconds, subject, text
        self.key_salt = f"handout.{name}"

    def check_token(self, user: User | None, token: str | None) -> bool:
        """As Django's, whose settings.PASSWORD_RESET_TIMEOUT is the longer of the two times."""
        if not super().check_token(user, token):
            return False
        assert token
        drawn = base36_to_int(token.partition("-")[0])
        return self._num_seconds(self._now()) - drawn <= self.seconds


FORGOTTEN = Purpose(
    "forgot-password",
    seconds=3600,
    subject="Choose a new password for Handout",
    text="""Somebody, probably you, forgot the password of {username} at Handout. Choose a new one within an hour:

{link}

If it was not you, nothing has happened and you can ignore this e-mail: the old password still works.
""",
)
INVITATION = Purpose(
    "invitation",
    seconds=settings.PASSWORD_RESET_TIMEOUT,
    subject="Your invitation to Handout",
    text="""{inviter} has invited you to Handout. Your username is {username}. Choose your password within 7 days:

{link}
""",
)


class LinkEnded(Exception):
    """The link was used, is too old, or something it was made of has changed."""


def link_for(user: User, purpose: Purpose, *, site: str) -> str:
    """`site`: how the outside world calls this server."""
    key = urlsafe_base64_encode(force_bytes(user.pk))
    return site.rstrip("/") + reverse(purpose.name, kwargs={"uidb64": key, "token": purpose.make_token(user)})


def users_of(email: str) -> list[int]:
    """Who signs in with that address, as keys. The link goes to the address that is stored, never to the one that was typed."""
    return list(User.objects.filter(email__iexact=email, is_active=True).values_list("pk", flat=True)[:10])


def send_link(user_id: int, purpose: Purpose, *, site: str, by: Actor = SYSTEM) -> bool:
    """Whether it was sent: not to who has no address, and to nobody more than AN_HOUR times an hour."""
    user = User.objects.filter(pk=user_id, is_active=True).exclude(email="").first()
    if not user:
        return False
    now = timezone.now()
    lately = AuditEntry.objects.filter(
        object_id=_id(user),
        action="user.password_link_sent",
        created_at__range=(now - timedelta(hours=1), now + CLOCKS_DIFFER),
    )
    if lately.count() >= AN_HOUR:
        return False
    text = purpose.text.format(username=user.get_username(), inviter=by.label, link=link_for(user, purpose, site=site))
    EmailMessage(purpose.subject, text, to=[user.email]).send()
    record(
        "user.password_link_sent", by=by, object_id=_id(user), object_label=user.get_username(), purpose=purpose.name
    )
    return True


def choose_password(user: User, password: str, *, purpose: Purpose, token: str) -> None:
    """By a link. Ends all sessions. Raises LinkEnded, also where the same link is used twice at once."""
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user.pk)
        if not user.is_active or not purpose.check_token(user, token):
            raise LinkEnded
        user.set_password(password)
        user.save(update_fields=["password"])
        end_sessions(user)
        record(
            "user.password_chosen",
            by=Actor.user(user),
            object_id=_id(user),
            object_label=user.get_username(),
            purpose=purpose.name,
        )


def _id(user: User) -> str:
    return f"user_{user.pk}"
