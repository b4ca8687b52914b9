"""Files as text: how long the base64 of a file is, with the prefix of a data URI (RFC 4648, section 4; RFC 2397).

Three bytes become four characters, and the last one or two bytes four characters as well.
"""

from __future__ import annotations

from base64 import b64encode

from bytefit.errors import ConfigError
from bytefit.options.table import DATA_URI
from bytefit.sizes import Window

_BYTES, _CHARACTERS = 3, 4


def prefix(encoding: str, media_type: str) -> str:
    """Return what stands before the base64 text."""
    return f"data:{media_type};base64," if encoding == DATA_URI else ""


def encoded(data: bytes, encoding: str, media_type: str) -> str:
    """Return a file as base64 text or as a data URI."""
    return prefix(encoding, media_type) + b64encode(data).decode()


def encoded_size(size: int, encoding: str, media_type: str) -> int:
    """Return the characters of a file of `size` bytes as base64 text or as a data URI."""
    return len(prefix(encoding, media_type)) + -(-size // _BYTES) * _CHARACTERS


def file_window(characters: Window, encoding: str, media_type: str) -> Window:
    """Return the bytes that a file may have whose text has so many characters.

    Raises:
        ConfigError: if no text has so many.
    """
    before = len(prefix(encoding, media_type))
    least, most = (max(0, count - before) for count in characters)
    fewest, most_groups = -(-least // _CHARACTERS), most // _CHARACTERS
    if fewest > most_groups:
        what = f"{before} characters and a multiple of four" if before else "a multiple of four characters"
        possible = before + most_groups * _CHARACTERS
        alone = characters.least == characters.most
        asked = f"exactly {characters.most}" if alone else f"from {characters.least} to {characters.most}"
        raise ConfigError(
            f"no {'data URI' if before else 'base64 text'} has {asked} characters: it has {what}; "
            f"ask for {possible if most_groups else before + _CHARACTERS}"
        )
    return Window(max(0, _BYTES * (fewest - 1) + 1), _BYTES * most_groups)
