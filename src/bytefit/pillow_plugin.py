"""The Pillow plugin: after `register()`, `Image.save` takes `target_size=` and the options of `bytefit.compress`.

One wrapper around `Image.Image.save` serves every format, whenever its plugin is loaded. A call without `target_size`
goes to Pillow unchanged, unless it has an option that only bytefit knows.
"""

from __future__ import annotations

import os
import sys
from functools import wraps
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from PIL import Image

from bytefit.codecs import codec_for_format, format_for_suffix
from bytefit.errors import ConfigError, OptionError
from bytefit.files.atomic import check_writable, write_atomically
from bytefit.fitting.compress import compress
from bytefit.fitting.format_choice import is_auto
from bytefit.messages import nearest
from bytefit.options import OPTIONS
from bytefit.pictures.frames import Frames, join_images

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Without a target, Pillow would ignore these silently and write a file of any size.
_NEED_A_TARGET = {option.name: option for option in OPTIONS if option.needs_target}

# The likeness from which a name is taken for a misspelt `target_size`. Options of writers are less like it: `tile_size`
# of JPEG 2000 has 0.70, `strip_size` of TIFF 0.67, the worst of ten usual misspellings 0.91.
_LIKENESS = 0.85

_MARK = "_bytefit_save"


def register() -> None:
    """Add the option `target_size` to `PIL.Image.Image.save`. A second call changes nothing."""
    if not hasattr(Image.Image.save, _MARK):
        Image.Image.save = _wrapped(Image.Image.save)  # type: ignore[method-assign]


def unregister() -> None:
    """Restore Pillow's own `save`."""
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
            # Options may be set on the image, too (Pillow 11.2), where they go before those of the call.
            _save_fitted(self, fp, format, target, {**params, **getattr(self, "encoderinfo", {})})

    setattr(save, _MARK, original)
    return save


def _check_forgotten_target(params: Mapping[str, Any]) -> None:
    """Refuse options that only bytefit knows. Every other one may mean something to Pillow or one of its plugins."""
    for name, value in params.items():
        option = _NEED_A_TARGET.get(name)
        # The `metadata` of pillow_heif is a list; the one of bytefit is text.
        if option and (option.value_type != "policy" or isinstance(value, str)):
            raise OptionError(f"{name!r} needs a target_size, such as target_size='200KB'")
        _check_misspelt_target(name)


def _check_misspelt_target(name: str) -> None:
    """Refuse a name that can only be a misspelt `target_size`: Pillow would ignore it silently."""
    if "target" not in name and "size" not in name.lower():
        return
    if name == "target" or nearest(name.lower(), {"target_size"}, cutoff=_LIKENESS):
        raise OptionError(f"unknown option {name!r}: did you mean 'target_size'?")


def _save_fitted(image: Image.Image, fp: Any, wanted: str | None, target: str | int, params: dict[str, Any]) -> None:
    """Fit `image` to the target in memory, then write it once; a path is replaced in one step."""
    for option in params:
        _check_misspelt_target(option)
    is_path = isinstance(fp, str | bytes | os.PathLike)
    name = os.fsdecode(fp) if is_path else getattr(fp, "name", "")
    if wanted is None:
        if not isinstance(name, str) or not name:
            raise ConfigError("a file object without a name has no suffix: name the format, as in format='JPEG'")
        wanted = format_for_suffix(Path(name).suffix)
    if is_path:
        check_writable(Path(name))
    _rename_options(wanted, params)
    data = compress(_wanted_frames(image, params), target, format=wanted, **params).data
    if is_path:
        write_atomically(Path(name), data)
        return
    stream = sys.stdout.buffer if fp is sys.stdout else fp
    stream.write(data)
    if hasattr(stream, "flush"):
        stream.flush()


def _rename_options(wanted: str, params: dict[str, Any]) -> None:
    """Give options of a lossless call of Pillow the names they have in bytefit.

    `save("x.webp", lossless=True, exact=True)` keeps the colours of fully transparent pixels. With a `target_size` it
    still means that, and not padding.
    """
    if params.get("lossless") is not True or is_auto(wanted):
        return
    for name, new_name in codec_for_format(wanted).save_options.renamed.items():
        if name in params:
            params[new_name] = bool(params.pop(name))


def _wanted_frames(image: Image.Image, params: dict[str, Any]) -> Image.Image | Frames:
    """Return the frames that Pillow's options for animations ask for, and remove these options from `params`.

    Without such an option, return all frames: none is lost because `save_all` was forgotten. With `save_all=False`,
    return the current frame of `image`.
    """
    save_all, appended = params.pop("save_all", None), list(params.pop("append_images", None) or ())
    timing = {name: params.pop(name) for name in ("duration", "loop") if name in params}
    if save_all is False:
        return image.copy() if getattr(image, "n_frames", 1) > 1 else image
    if not appended and not timing:
        return image
    frames = join_images([image, *appended])
    return frames.with_times(timing.get("duration"), timing.get("loop"))
