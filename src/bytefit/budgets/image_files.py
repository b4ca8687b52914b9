"""Which files are images: told by their first bytes, and in folders by their suffixes first.

Nothing here imports an imaging library: on a clean tree `check` costs little more than asking for file sizes.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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

# A Git LFS pointer is text that states the size of what it stands for (git-lfs, docs/spec.md). With a hash in it, it
# cannot be shorter than this; the most leaves room for four lines of extensions, which nobody is known to use.
POINTER_SIZES = range(120, 512)
_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\r?\n(?:[^\n]*\n)*?size (\d{1,18})\r?\n")
_HEAD = 512
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


def has_image_suffix(path: str) -> bool:
    """Return whether a file is called like an image, in any case."""
    return path[path.rfind(".") :].lower() in SUFFIXES


def head_of(path: str) -> bytes:
    """Return the first bytes of a file: enough to tell its format, and the whole of a pointer."""
    descriptor = os.open(path, _READ)
    try:
        return os.read(descriptor, _HEAD)
    finally:
        os.close(descriptor)


def sniff(head: bytes) -> str | None:
    """Return the image format that the first bytes of a file say it has, or None."""
    return next((name for offset, sign, name in _SIGNATURES if head.startswith(sign, offset)), None)


def size_in_pointer(head: bytes) -> int | None:
    """Return the bytes that a Git LFS pointer says the file has that it stands for; None for what is no pointer."""
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
