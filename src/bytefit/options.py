"""The options of a fit that mean the same for every codec, and what is allowed for each. No imaging is needed here."""

from __future__ import annotations

from bytefit.errors import ConfigError

POLICIES = ("keep", "orientation+icc", "strip")
ON_UNREACHABLE = ("error", "smallest")
EFFORTS = ("fast", "normal", "best")

# The highest SSIMULACRA2 score, that of the picture itself; there is no lowest one.
BEST_SCORE = 100


def check_options(
    *,
    slack: float = 0.05,
    on_unreachable: str = "error",
    metadata: str = "keep",
    effort: str = "normal",
    min_score: float | None = None,
) -> None:
    """Refuse values that make no sense.

    Raises:
        ConfigError: naming the option, what it was given and what it takes.
    """
    if isinstance(slack, bool) or not isinstance(slack, int | float) or not 0 <= slack < 1:
        raise ConfigError(f"slack {slack!r} is not a share of the budget: give a number from 0 to less than 1")
    for name, value, choices in (
        ("on_unreachable", on_unreachable, ON_UNREACHABLE),
        ("metadata", metadata, POLICIES),
        ("effort", effort, EFFORTS),
    ):
        if value not in choices:
            raise ConfigError(f"unknown {name} {value!r}: use one of {', '.join(map(repr, choices))}")
    if min_score is None:
        return
    if isinstance(min_score, bool) or not isinstance(min_score, int | float) or not min_score < BEST_SCORE:
        raise ConfigError(
            f"min_score {min_score!r} is not on the scale of SSIMULACRA2: give a number below {BEST_SCORE}"
        )


def check_bounds(
    *, resize: bool = False, min_width: int | None = None, max_width: int | None = None, max_height: int | None = None
) -> None:
    """Refuse bounds of the dimensions, in pixels, that make no sense.

    Raises:
        ConfigError: naming the option, what it was given and what it takes.
    """
    for name, value in (("min_width", min_width), ("max_width", max_width), ("max_height", max_height)):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            side = name.partition("_")[2]
            raise ConfigError(f"{name} {value!r} is not a {side} in pixels: give a whole number from 1 up")
        if not resize:
            raise ConfigError(f"{name} needs resize=True to go with it")
    if min_width is not None and max_width is not None and min_width > max_width:
        raise ConfigError(f"min_width {min_width} is above max_width {max_width}: no width is between them")
