"""What a call is answered with whose work is done in the background."""

from __future__ import annotations

from pydantic import BaseModel

from config.models import AsyncAction


class ActionStarted(BaseModel):
    """The id under which /v1/async-actions tells how far it is."""

    async_action_id: str

    @classmethod
    def of(cls, action: AsyncAction) -> ActionStarted:
        return cls(async_action_id=action.public_id)
