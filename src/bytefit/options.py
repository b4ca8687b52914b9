"""The options of a fit that mean the same for every codec, and what is allowed for each. No imaging is needed here."""

from __future__ import annotations

from bytefit.errors import ConfigError

POLICIES = ("keep", "orientation+icc", "strip")
ON_UNREACHABLE = ("error", "smallest")


def check_options(*, slack: float = 0.05, on_unreachable: str = "error", metadata: str = "keep") -> None:
    """Refuse values that make no sense.

    Raises:
        ConfigError: naming the option, what it was given and what it takes.
    """
    if isinstance(slack, bool) or not isinstance(slack, int | float) or not 0 <= slack < 1:
        raise ConfigError(f"slack {slack!r} is not a share of the budget: give a number from 0 to less than 1")
    for name, value, choices in (
        ("on_unreachable", on_unreachable, ON_UNREACHABLE),
        ("metadata", metadata, POLICIES),
    ):
        if value not in choices:
            raise ConfigError(f"unknown {name} {value!r}: use one of {', '.join(map(repr, choices))}")
