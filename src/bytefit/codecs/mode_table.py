"""A table of the mode in which each format encodes an image of each mode, from the codecs' own data.

`docs/generate.py` puts it into docs/reference/formats.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bytefit.codecs import BY_PLUGIN, CODECS
from bytefit.codecs.preparing import mode_for
from bytefit.errors import UnsupportedImage

if TYPE_CHECKING:
    from bytefit.codecs import Codec

# Pillow's modes, and whether an image of the mode has transparency. A palette may have some or not.
MODES = (
    ("1", False),
    ("L", False),
    ("LA", True),
    ("La", True),
    ("P", False),
    ("P", True),
    ("PA", True),
    ("RGB", False),
    ("RGBA", True),
    ("RGBa", True),
    ("RGBX", False),
    ("CMYK", False),
    ("YCbCr", False),
    ("HSV", False),
    ("LAB", False),
    ("I", False),
    ("F", False),
    ("I;16", False),
    ("I;16L", False),
    ("I;16B", False),
    ("I;16N", False),
)


class Fate(NamedTuple):
    """What becomes of a picture.

    Attributes:
        mode: the mode it is encoded in; None where it is refused.
        reason: why it is refused; empty where it is not.
    """

    mode: str | None
    reason: str


def fate(codec: Codec, mode: str, *, transparent: bool) -> Fate:
    """Return what becomes of a picture of a mode in a format."""
    if mode in codec.modes.refused:
        return Fate(None, codec.modes.refused[mode])
    try:
        return Fate(mode_for(codec, mode, transparent=transparent), "")
    except UnsupportedImage as error:
        return Fate(None, str(error).partition(": ")[0].replace(f" (mode {mode})", ""))


def table() -> str:
    """Return the table in Markdown, with the reasons below it."""
    codecs = CODECS + BY_PLUGIN
    reasons: list[str] = []
    rows = []
    for mode, transparent in MODES:
        label = f"`{mode}`, transparent" if (mode, not transparent) in MODES and transparent else f"`{mode}`"
        cells = [_cell(codec, mode, fate(codec, mode, transparent=transparent), reasons) for codec in codecs]
        rows.append(f"| {label} | {' | '.join(cells)} |")
    head = f"| mode | {' | '.join(codec.format for codec in codecs)} |"
    notes = [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    return "\n".join([head, "|---" * (len(codecs) + 1) + "|", *rows, "", "Refused, because", "", *notes])


def _cell(codec: Codec, mode: str, found: Fate, reasons: list[str]) -> str:
    if found.mode is None:
        if found.reason not in reasons:
            reasons.append(found.reason)
        return f"no ({reasons.index(found.reason) + 1})"
    kept = "kept" if found.mode == mode else f"as {found.mode}"
    return f"{kept}, lossless only" if found.mode in codec.lossless.only_modes else kept
