"""Shows what a configuration's codes would look like before any are generated."""

from __future__ import annotations

from typing import NamedTuple

from campaigns.codes.actions.make_codes import codes_taken
from campaigns.codes.code_space import CodeSpace, CodeSpaceTooSmall

SAMPLES = 5
EASY_TO_GUESS = 10_000  # tries: a script makes them in minutes


class Preview(NamedTuple):
    """Sample codes (never stored), and what the space means for `count` codes."""

    space: CodeSpace
    samples: list[str]
    tries: int  # random guesses until one hits a code, on average, once the `count` codes exist
    refusal: str  # why `count` codes cannot be made; else ""

    @property
    def easy_to_guess(self) -> bool:
        return not self.refusal and self.tries < EASY_TO_GUESS

    @property
    def power_of_ten(self) -> int | None:
        """75 for about 10 ** 75 codes; None if the number itself is readable."""
        digits = len(str(self.space.size))
        return digits - 1 if digits > 15 else None


def preview_codes(space: CodeSpace, *, count: int) -> Preview:
    """Costs the same however many codes exist."""
    taken, about = codes_taken(space)
    refusal = ""
    try:
        space.must_hold(count, taken=taken, about=about)
    except CodeSpaceTooSmall as refused:
        refusal = str(refused)
    samples = list(dict.fromkeys(space.draw(SAMPLES * 10)))[:SAMPLES]
    return Preview(space, samples, space.size // max(1, taken + count), refusal)
