"""How an unpublished code is shown: enough to tell two rows apart, not enough to use."""

HIDDEN = "••••••"


def mask(code: str) -> str:
    """`mask("ROAST-99C9-TNEZ")` -> "••••••EZ". The length is hidden as well; codes under 8 characters show nothing."""
    return HIDDEN + (code[-2:] if len(code) >= 8 else "")
