"""Which files are images, told by their first bytes, and which are looked at, told by arguments and suffixes.

Nothing here imports an imaging library: on a clean tree `check` costs little more than asking for file sizes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# What a folder is searched for. Files named one by one are taken whatever they are called.
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".webp", ".avif", ".avifs", ".tif", ".tiff"}
    | {".bmp", ".ico", ".jp2", ".j2k", ".jxl", ".heic", ".heif"}
)

# (offset, bytes there, format): the signatures in the formats' own specifications.
_SIGNATURES = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WEBP"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftypavis", "AVIF"),
    (4, b"ftyphei", "HEIC"),
    (4, b"ftyphev", "HEIC"),
    (4, b"ftypmif1", "HEIF"),
    (4, b"ftypmsf1", "HEIF"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (0, b"BM", "BMP"),
    (0, b"\x00\x00\x01\x00", "ICO"),
    (0, b"\x00\x00\x00\x0cjP  ", "JPEG2000"),
    (0, b"\xff\x0a", "JXL"),
    (0, b"\x00\x00\x00\x0cJXL ", "JXL"),
    (0, b"8BPS", "PSD"),
)


def sniff(path: Path) -> str | None:
    """Return the image format that the first bytes of a file say it has, or None."""
    with path.open("rb") as file:
        head = file.read(32)
    for offset, signature, name in _SIGNATURES:
        if head.startswith(signature, offset):
            return name
    return None


def find_images(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files among `paths`, and below folders those with an image's suffix, each folder's in order.

    Raises:
        FileNotFoundError: if a path names nothing.
    """
    for path in paths:
        if not path.is_dir():
            path.stat()
            yield path
            continue
        for folder, subfolders, names in os.walk(path):
            subfolders[:] = sorted(name for name in subfolders if name != ".git")
            for name in sorted(names):
                file = Path(folder, name)
                if file.suffix.lower() in SUFFIXES and file.is_file():
                    yield file
