"""Recognise images: in folders by their suffix, then always by their first bytes.

Nothing here imports an imaging library: on a clean tree `check` costs little more than reading file sizes.
"""

from __future__ import annotations

import os
import re
from io import BytesIO
from typing import TYPE_CHECKING

from bytefit import formats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A Git LFS pointer is text that states the size of what it stands for (git-lfs, docs/spec.md). With a hash in it, it
# cannot be shorter than this; the most leaves room for four lines of extensions, which nobody is known to use.
POINTER_SIZES = range(120, 512)
_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\r?\n(?:[^\n]*\n)*?size (\d{1,18})\r?\n")
_HEAD = 512
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


def has_image_suffix(path: str) -> bool:
    """Return whether a file has the suffix of an image, or of a file that is weighed, in upper or lower case."""
    suffix = path[path.rfind(".") :].lower()
    return suffix in formats.SUFFIXES or formats.weighed_as(suffix) is not None


def head_of(path: str) -> bytes:
    """Return the first bytes of a file: enough to recognise its format, and the whole of a pointer."""
    descriptor = os.open(path, _READ)
    try:
        return os.read(descriptor, _HEAD)
    finally:
        os.close(descriptor)


def stated_dimensions(path: str, content: bytes | None = None) -> tuple[int, int] | None:
    """Return the width and height that a file states in its header, or None.

    Args:
        path: the file.
        content: its bytes, if they are not to be read from `path`.
    """
    from bytefit.pictures.headers import stated_size

    with open(path, "rb") if content is None else BytesIO(content) as file:

        def read(offset: int, count: int) -> bytes:
            file.seek(offset)
            return file.read(count)

        return stated_size(read)


def sniff(head: bytes, path: str = "") -> str | None:
    """Return the image format that the first bytes of a file say it has, or None.

    A format that was registered has no signature here: its files are recognised by their suffix, and by Pillow.
    """
    return formats.sniff(head) or _registered_format(head, path) or formats.weighed_as(path[path.rfind(".") :].lower())


def _registered_format(head: bytes, path: str) -> str | None:
    name = formats.registered_by_suffix(path[path.rfind(".") :].lower())
    if name is None:
        return None
    from PIL import Image

    Image.init()
    _, accepts = Image.OPEN.get(name, (None, None))
    # Pillow's plugins look at 16 bytes, and may answer with a warning instead.
    accepted = accepts is None or accepts(head[:16])
    return name if accepted and not isinstance(accepted, str) else None


def size_in_pointer(head: bytes) -> int | None:
    """Return the size that a Git LFS pointer states for its file; None for anything that is no pointer."""
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
