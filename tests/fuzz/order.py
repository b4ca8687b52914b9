"""One order of the fuzzer: a file, a way into bytefit, a target and options, all of them decided by a seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from math import inf, nan
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from bytefit.codecs import codec_for_format
from bytefit.errors import BytefitError
from bytefit.formats import FORMATS
from bytefit.options import OPTIONS

from .files import PLUGINS, SUFFIXES, File, choose_file
from .mutations import mutated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bytefit.options import Option

# The ways into bytefit, with how often each is taken: a path, an image that Pillow opened, an image that came from no
# file, a file in place, a file to another one, `Image.save`, and the command `fix`.
WAYS = {"path": 30, "opened": 15, "image": 10, "in place": 20, "output": 12, "save": 8, "fix": 5}

_WRITTEN = {"JPEG": 10, "PNG": 10, "GIF": 8, "WEBP": 8, "TIFF": 8, "JPEG2000": 2, "AVIF": 1, "HEIF": 0.5, "JXL": 0.5}

# The models that are in use anyway.
_MODELS = Path(__file__).resolve().parent.parent.parent / "models"

# How often an option is given. The slowest are rare, and so is what leaves little to check.
_CHANCES = {
    "formats": 0.03,
    "slack": 0.15,
    "min_quality": 0.1,
    "min_score": 0.004,
    "resize": 0.3,
    "min_width": 0.2,
    "max_width": 0.3,
    "max_height": 0.3,
    "effort": 0.3,
    "exact": 0.15,
    "box": 0.12,
    "fit": 0.3,
    "focus": 0.1,
    "enlarge": 0.3,
    "dpi": 0.05,
    "min_size": 0.05,
    "encoding": 0.05,
    "on_unreachable": 0.25,
    "metadata": 0.45,
    "lossless": 0.12,
    "drop_extras": 0.1,
    "allow_frame_drop": 0.12,
    "background": 0.1,
    "colours": 0.1,
    "depth": 0.1,
    "max_pixels": 0.04,
    "models": 0.02,
}

_WRONG = (None, "", "x", "keep", -1, 0, 1, 0.5, nan, inf, -inf, True, [], {}, b"x", object, 10**400, ["JPEG"], (3,))
_WRONG_TARGETS = ("", "x", "10 KO", 0, -1, None, 1.5, nan, True, "1e999", "9" * 5000, b"1KB", [])

# Values of save options that a writer takes, or refuses.
_SAVED: dict[str, tuple[Any, ...]] = {
    "progressive": (True, False),
    "optimize": (True, False),
    "subsampling": (0, 1, 2, "4:4:4", "4:2:0", "keep"),
    "method": (0, 4, 6),
    "speed": (8, 10),
    "dither": (0, 0.5, 1),
    "comment": (b"short", "text", b"x" * 70000),
    "exif": (b"", b"Exif\x00\x00broken", b"Exif\x00\x00" + b"x" * 70000),
    "xmp": (b"", b"<x/>", b"x" * 70000),
    "icc_profile": (b"", b"broken", b"x" * 70000),
    "compression": ("tiff_lzw", "tiff_deflate", "raw", "packbits", "group4", "jpeg", "x"),
    "restart_marker_rows": (1, 100),
    "smooth": (0, 50),
    "keep_rgb": (True,),
    "tile_size": ((16, 16), (1, 1)),
    "num_resolutions": (1, 3, 40),
    "no_jp2": (True,),
    "chroma": (420, 444),
    "range": ("full", "limited"),
    "alpha_quality": (0, 50, 100),
}


@dataclass(frozen=True, slots=True)
class Order:
    """One thing that is asked of bytefit.

    Attributes:
        seed: what decides all of it.
        way: one of `WAYS`.
        file: the file before the damage.
        data: the damaged file.
        target: the target, seldom one that makes no sense.
        options: the options, seldom with values that make no sense.
        suffix: the suffix of the file to write, for the ways that write another file.
    """

    seed: int
    way: str
    file: File
    data: bytes
    target: Any
    options: dict[str, Any] = field(default_factory=dict)
    suffix: str = ".jpg"

    @property
    def whole(self) -> bool:
        """Whether the file is as its encoder wrote it."""
        return self.data == self.file.data

    def __str__(self) -> str:
        options = ", ".join(f"{name}={_short(value)}" for name, value in self.options.items())
        damage = "whole" if self.whole else f"damaged to {len(self.data)}"
        to = f" to {self.suffix}" if self.way in {"output", "save"} else ""
        return f"{self.way}{to}: {self.file.about} ({damage}), {_short(self.target)}, {options or 'no options'}"


def order_of(seed: int, corpus: Sequence[Path] = ()) -> Order:
    """Return the order of a seed; it also depends on the files of the corpus."""
    random = Random(f"order {seed}")
    file = choose_file(random, corpus)
    data = mutated(random, file.data, lambda: choose_file(random, corpus).data)
    way = random.choices(list(WAYS), list(WAYS.values()))[0]
    wanted = _wanted_format(random, file, way)
    return Order(
        seed=seed,
        way=way,
        file=file,
        data=data,
        target=_target(random, len(data)),
        options=_options(random, way, wanted),
        suffix=SUFFIXES.get(wanted, f".{wanted.lower()}") if random.random() < 0.99 else random.choice(("", ".x")),
    )


def _wanted_format(random: Random, file: File, way: str) -> str:
    """Return the name of the format to write: that of the file half the time."""
    own = next((one.name for one in FORMATS if file.suffix in one.suffixes), "JPEG")
    if way == "in place" or random.random() < 0.5:
        return own
    known = {name: weight for name, weight in _WRITTEN.items() if find_spec(PLUGINS.get(name, "PIL"))}
    return random.choices(list(known), list(known.values()))[0]


def _target(random: Random, size: int) -> Any:
    if random.random() < 0.01:
        return random.choice(_WRONG_TARGETS)
    if random.random() < 0.1:
        return random.choice((1, 30, 100, 200, 500, 1000, 2000, "1KB", "2KiB", 5000, 20000, size or 1))
    return max(1, int(size * 2 ** random.uniform(-4, 1.5)))


def _options(random: Random, way: str, wanted: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if way == "image" or (way in {"path", "opened"} and random.random() < 0.6):
        options["format"] = wanted if random.random() < 0.97 else random.choice(("auto", "jpg", "BMP", "x"))
    for option in OPTIONS:
        chance = _CHANCES.get(option.name, 0)
        if (way == "fix" and not option.for_fix) or random.random() >= chance:
            continue
        if option.unmet(options) and random.random() < 0.97:
            continue
        options[option.name] = random.choice(_WRONG) if random.random() < 0.01 else _value(random, option)
    if options.get("format") == "auto" and random.random() < 0.9:
        options["formats"] = random.sample(("JPEG", "PNG", "GIF", "WEBP", "TIFF"), 2)
    if way != "fix" and random.random() < 0.08:
        options.update(_save_option(random, wanted))
    return options


def _value(random: Random, option: Option) -> Any:
    """Return a value that an option accepts."""
    if option.name == "effort":
        return random.choices(("fast", "normal", "best"), (6, 3, 1))[0]
    if option.choices:
        return random.choice(option.choices)
    if option.value_type == "boolean":
        return True
    values: dict[str, tuple[Any, ...]] = {
        "slack": (0, 0, 0.05, 0.3, 0.99, random.random()),
        "min_quality": (0, 1, 10, 50, 99.5, 100, random.uniform(0, 100)),
        "min_score": (-100, 10, 50, 99),
        "formats": (["JPEG"], ["WEBP", "PNG"], [], ["x"], ["gif"]),
        "box": ("16x16", "40x30", "1:1", "3:1", "x20", "50x", (1, 1), (33, 64), "200x10"),
        "focus": ((0, 0), (1, 0.3), (0.5, 0.5)),
        "dpi": (72, 300, (300, 150), 1, 65_535),
        "min_size": (1, 500, "2KB", 10**6),
        "max_pixels": (1, 1000, 10**6, 10**12),
        "models": (str(_MODELS), "no-such-folder"),
        "depth": (8,),
        "metadata": ("keep", "strip", "orientation+icc", "keep-gps", "keep-thumbnail-serial", "icc+copyright+text"),
        "background": ("white", "#123", "rgb(250, 120, 0)"),
    }
    return random.choice(values.get(option.name, (1, 2, 5, 16, 33, 64, 150, 10**6)))


def _save_option(random: Random, wanted: str) -> dict[str, Any]:
    names = _allowed(wanted) & set(_SAVED) or set(_SAVED)
    name = random.choice(sorted(names if random.random() < 0.95 else _SAVED))
    return {name: random.choice(_WRONG if random.random() < 0.1 else _SAVED[name])}


@lru_cache
def _allowed(wanted: str) -> frozenset[str]:
    try:
        return frozenset(codec_for_format(wanted).save_options.allowed)
    except BytefitError:
        return frozenset()


def _short(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:
        text = "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:40]} ... ({len(text)})"
