"""Recognise images: in folders by their suffix, then always by their first bytes.

Nothing here imports an imaging library: on a clean tree `check` costs little more than reading file sizes.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Folders are searched for these. A file that is named on its own needs no suffix.
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

# A Git LFS pointer is a text that states the size of the real file (git-lfs, docs/spec.md). Its hash alone makes it
# this long at least. The upper end leaves room for four extension lines, which we have not seen anybody use.
POINTER_SIZES = range(120, 512)
_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\r?\n(?:[^\n]*\n)*?size (\d{1,18})\r?\n")
_HEAD = 512
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


def has_image_suffix(path: str) -> bool:
    """Return whether a file has the suffix of an image, in upper or lower case."""
    return path[path.rfind(".") :].lower() in SUFFIXES


def head_of(path: str) -> bytes:
    """Return the first bytes of a file: enough to identify its format, and all of a Git LFS pointer."""
    descriptor = os.open(path, _READ)
    try:
        return os.read(descriptor, _HEAD)
    finally:
        os.close(descriptor)


def sniff(head: bytes) -> str | None:
    """Return the image format that the first bytes of a file identify, or None."""
    return next((name for offset, sign, name in _SIGNATURES if head.startswith(sign, offset)), None)


def size_in_pointer(head: bytes) -> int | None:
    """Return the size of the real file that a Git LFS pointer states, or None if it is not a pointer."""
    match = _POINTER.match(head)
    return int(match[1]) if match else None


def walk(folder: str, on_error: Callable[[OSError], object] | None = None) -> Iterator[str]:
    """Yield the files below `folder` that have an image's suffix, in order.

    Links, `.git` and other repositories inside are left out. `on_error` is called with the error of each folder that
    cannot be listed.
    """
    for inside, subfolders, names in os.walk(folder, onerror=on_error):
        if inside != folder and ".git" in (*subfolders, *names):
            subfolders[:] = []
            continue
        subfolders[:] = sorted(name for name in subfolders if name != ".git")
        for name in sorted(names):
            path = os.path.join(inside, name)
            if has_image_suffix(name) and not os.path.islink(path):
                yield path
