"""The Pillow plugin: after `register()`, `Image.save` takes `target_size=` and the options of `bytefit.compress`.

One wrapper round `Image.Image.save` serves every format, whenever its plugin is loaded; without `target_size` the
call goes on to Pillow untouched.
"""

from __future__ import annotations

import os
import sys
from functools import wraps
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from PIL import Image

from bytefit.codecs import format_for_suffix
from bytefit.errors import ConfigError, OptionError
from bytefit.files.atomic import write_atomically
from bytefit.fitting.compress import compress
from bytefit.messages import nearest
from bytefit.options import OPTIONS, OWN_OPTIONS
from bytefit.pictures.frames import Frames, join_images

if TYPE_CHECKING:
    from collections.abc import Callable

# Without a target these would be ignored by Pillow in silence, and the file come out of any size.
_MEANINGLESS_ALONE = frozenset(option.name for option in OPTIONS if option.needs_target)

_MARK = "_bytefit_save"


def register() -> None:
    """Teach `PIL.Image.Image.save` the option `target_size`. Doing it twice is doing it once."""
    if not hasattr(Image.Image.save, _MARK):
        Image.Image.save = _wrapped(Image.Image.save)  # type: ignore[method-assign]


def unregister() -> None:
    """Give Pillow its own `save` back."""
    original = getattr(Image.Image.save, _MARK, None)
    if original is not None:
        Image.Image.save = original  # type: ignore[method-assign]


def _wrapped(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def save(
        self: Image.Image,
        fp: str | bytes | os.PathLike[str] | os.PathLike[bytes] | IO[bytes],
        format: str | None = None,  # noqa: A002  (Pillow's word)
        **params: Any,
    ) -> None:
        target = params.pop("target_size", None)
        if target is None:
            _check_forgotten_target(params)
            original(self, fp, format, **params)
        else:
            _save_fitted(self, fp, format, target, params)

    setattr(save, _MARK, original)
    return save


def _check_forgotten_target(params: dict[str, Any]) -> None:
    """Refuse options that mean something only beside a target, and names that look like one."""
    for name in params:
        if name in _MEANINGLESS_ALONE:
            raise OptionError(f"{name!r} needs a target_size to go with it")
        _check_misspelt_target(name)


def _check_misspelt_target(name: str) -> None:
    """Refuse a name that looks like `target_size`: Pillow ignores what it does not know in silence."""
    if name in OWN_OPTIONS:
        return
    hint = nearest(name, {"target_size"}, cutoff=0.7) if "target" in name or "size" in name else ""
    if hint:
        raise OptionError(f"unknown option {name!r}{hint}")


def _save_fitted(image: Image.Image, fp: Any, wanted: str | None, target: str | int, params: dict[str, Any]) -> None:
    """Fit `image` to the target in memory, then write it once, in one step where `fp` is a path."""
    for option in params:
        _check_misspelt_target(option)
    is_path = isinstance(fp, str | bytes | os.PathLike)
    name = os.fsdecode(fp) if is_path else getattr(fp, "name", "")
    if wanted is None:
        if not isinstance(name, str) or not name:
            raise ConfigError("a file object has no suffix to tell the format by: name one with format='JPEG'")
        wanted = format_for_suffix(Path(name).suffix)
    data = compress(_wanted_frames(image, params), target, format=wanted, **params).data
    if is_path:
        write_atomically(name, data)
        return
    stream = sys.stdout.buffer if fp is sys.stdout else fp
    stream.write(data)
    if hasattr(stream, "flush"):
        stream.flush()


def _wanted_frames(image: Image.Image, params: dict[str, Any]) -> Image.Image | Frames:
    """Return what Pillow's options for animations ask for, and take those out of `params`.

    Without them all there are, so that none is lost by having been forgotten; with `save_all=False` the one that
    `image` stands at.
    """
    save_all, appended = params.pop("save_all", None), list(params.pop("append_images", None) or ())
    timing = {name: params.pop(name) for name in ("duration", "loop") if name in params}
    if save_all is False:
        return image.copy() if getattr(image, "n_frames", 1) > 1 else image
    if not appended and not timing:
        return image
    frames = join_images([image, *appended])
    return frames.with_times(timing.get("duration"), timing.get("loop"))
