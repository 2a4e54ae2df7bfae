"""Where sessions are kept: Django's store in the database, over rows that know whose they are (StaffSession)."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from config.staff.models import StaffSession


class SessionStore(DatabaseStore):
    row: StaffSession | None = None  # as it was read, where it was

    @classmethod
    def get_model_class(cls) -> type[StaffSession]:
        return StaffSession

    def _get_session_from_db(self) -> StaffSession | None:
        self.row = super()._get_session_from_db()  # type: ignore[misc]  # the stubs leave it out
        return self.row

    def create_model_instance(self, data: dict[str, Any]) -> StaffSession:
        row = cast(StaffSession, super().create_model_instance(data))
        row.user_id = data.get(SESSION_KEY)
        return row
