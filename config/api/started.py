"""What a call is answered with whose work is done in the background."""

from __future__ import annotations

from typing import Any

from config.api.schemas import Answer, id_of
from config.work import AsyncAction

ActionId = id_of("aa", "aa_N6QsVx0Jd3YhLm9p")


class Started(Answer):
    """The id under which `GET /v1/async-actions/{id}` tells how far the work is."""

    async_action_id: ActionId


def started(action: AsyncAction) -> dict[str, Any]:
    return {"async_action_id": action.public_id}
