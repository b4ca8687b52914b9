"""The options of `bytefit.compress`: `OPTIONS` declares each once, with its check, its help and where it may be given.

Checks, command line, configuration and the names that `Image.save` refuses without a target are derived from it. Tests
hold against it what has to be written out: the signature of `compress`, `FitOptions`, the JSON schema, the pages.
Records are named tuples: importing `dataclasses` takes longer than `bytefit check` needs for a small tree.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict

from bytefit.errors import ConfigError
from bytefit.messages import shown

if TYPE_CHECKING:
    from collections.abc import Callable

POLICIES = ("keep", "orientation+icc", "strip")
ON_UNREACHABLE, EFFORTS = ("error", "smallest"), ("fast", "normal", "best")

# The SSIMULACRA2 score of an unchanged image. The scale has no lower end; a lower floor is taken for a typing error.
BEST_SCORE, WORST_SCORE = 100, -(10**6)
BEST_QUALITY = 100  # of every codec

# The most pixels of an image that Pillow opens, unless a program changes its `Image.MAX_IMAGE_PIXELS`.
PILLOWS_MOST_PIXELS = 2 * (1024**3 // 4 // 3)


class Options(NamedTuple):
    """The options of one call; see `bytefit.compress` for what each means."""

    format: str | None = None
    formats: Iterable[str] | None = None
    slack: float = 0.05
    min_quality: float | None = None
    min_score: float | None = None
    resize: bool = False
    min_width: int | None = None
    max_width: int | None = None
    max_height: int | None = None
    effort: str = "normal"
    exact: bool = False
    on_unreachable: str = "error"
    metadata: str = "keep"
    lossless: bool = False
    drop_extras: bool = False
    allow_frame_drop: bool = False
    max_pixels: int | None = None
    models: str | os.PathLike[str] | None = None
    save_options: Mapping[str, Any] = {}


class _ResizeOptions(TypedDict, total=False):
    resize: bool
    min_width: int | None
    max_width: int | None
    max_height: int | None


class FitOptions(_ResizeOptions, total=False):
    """The options of `bytefit.compress` as keyword arguments, for functions that pass them on."""

    formats: Iterable[str] | None
    slack: float
    min_quality: float | None
    min_score: float | None
    effort: str
    exact: bool
    on_unreachable: str
    metadata: str
    lossless: bool
    drop_extras: bool
    allow_frame_drop: bool
    max_pixels: int | None
    models: str | os.PathLike[str] | None


class Bounds(NamedTuple):
    """The bounds of a number: at least `minimum`, at most `maximum`, less than `below`; None for no bound."""

    minimum: float | None = None
    maximum: float | None = None
    below: float | None = None

    def allow(self, value: float) -> bool:
        """Return whether a number is within the bounds."""
        low, high, top = self
        return (low is None or value >= low) and (high is None or value <= high) and (top is None or value < top)


class Option(NamedTuple):
    """One option.

    Attributes:
        name: its name in Python.
        value_type: the type of its values; None is accepted too where it is the default.
        help: what it does, in one line, without its default.
        default_note: what the default None means; empty if nothing has to be said.
        what: what a value is; it follows "is not" in a message.
        expected: what to give instead of a wrong value.
        metavar: the placeholder for the value in the help of the command line.
        choices: the accepted values, if there are few.
        bounds: the bounds of a number.
        needs: the option without which this one does nothing, and the value that it has to have.
        for_fix: whether `bytefit fix` takes it.
        in_configuration: whether the configuration has a key for it.
        keeps_what_fits: whether a file that fits is left as it is when this option is given.
        needs_target: whether `Image.save` refuses it without a `target_size`: no writer knows an option of this name.
    """

    name: str
    value_type: Literal["boolean", "integer", "number", "string", "names", "path"]
    help: str
    default_note: str = ""
    what: str = ""
    expected: str = ""
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    bounds: Bounds = Bounds()
    needs: tuple[str, str | bool] | None = None
    for_fix: bool = True
    in_configuration: bool = True
    keeps_what_fits: bool = True
    needs_target: bool = True

    @property
    def default(self) -> Any:
        """The value that holds if none is given."""
        return Options._field_defaults[self.name]

    @property
    def key(self) -> str:
        """Its name in the configuration, and after "--" on the command line."""
        return self.name.replace("_", "-")

    def accepts(self, value: object) -> bool:
        """Return whether a value is of the right type and within the bounds."""
        if value is None:
            return self.default is None
        match self.value_type:
            case "boolean":
                return isinstance(value, bool)
            case "string":
                return isinstance(value, str) and (not self.choices or value in self.choices)
            case "path":
                return isinstance(value, str | os.PathLike) and bool(os.fspath(value))
            case "names":
                return _are_names(value)
        types = int if self.value_type == "integer" else int | float
        return not isinstance(value, bool) and isinstance(value, types) and self.bounds.allow(value)

    def unmet(self, options: Mapping[str, Any]) -> tuple[str, str | bool] | None:
        """Return what this option needs, where the other options do not have it."""
        if self.needs is None:
            return None
        value = options.get(self.needs[0])
        return None if (value.lower() if isinstance(value, str) else value) == self.needs[1] else self.needs

    def refusal(self, write: Callable[[Any], str] = repr) -> str:
        """Return why a value is refused and what to give, to follow the value in a message.

        Args:
            write: value -> how it is written where it was given: in Python, TOML or a shell.
        """
        if self.choices:
            return f": use one of {', '.join(map(write, self.choices))}"
        if self.value_type == "boolean":
            return f" is neither {' nor '.join(map(write, (True, False)))}"
        return f" is not {self.what}: {self.expected}"


def _are_names(value: object) -> bool:
    several = isinstance(value, Iterable) and not isinstance(value, str | bytes)
    return several and (not isinstance(value, Collection) or all(isinstance(name, str) for name in value))


# Options of one image that `bytefit fix` and the configuration do not have.
_COMPRESS_ONLY: Mapping[str, Any] = {"for_fix": False, "in_configuration": False}
_PIXELS: Mapping[str, Any] = {"expected": "give a whole number from 1 up", "metavar": "PIXELS", "bounds": Bounds(1)}
_WIDTH = {**_PIXELS, "what": "a width in pixels", "needs": ("resize", True)}
_HEIGHT = {**_WIDTH, "what": "a height in pixels"}

OPTIONS: tuple[Option, ...] = (
    Option(
        "format",
        "string",
        "the format, such as JPEG, PNG or WEBP; auto chooses the one that looks best",
        default_note="by the suffix of the output, else that of the image",
        what="the name of a format",
        expected="give text such as 'JPEG', or 'auto'",
        metavar="FORMAT",
        keeps_what_fits=False,
        needs_target=False,
        **_COMPRESS_ONLY,
    ),
    Option(
        "formats",
        "names",
        "with format auto, the formats to choose from",
        default_note="those that browsers show",
        what="a list of formats",
        expected="give names such as ['WEBP', 'JPEG']",
        metavar="A,B",
        needs=("format", "auto"),
        keeps_what_fits=False,
        **_COMPRESS_ONLY,
    ),
    Option(
        "slack",
        "number",
        "stop once at most this share of the budget is unused; 0 finds the best quality that fits",
        what="a share of the budget",
        expected="give a number from 0 to less than 1",
        metavar="SHARE",
        bounds=Bounds(minimum=0, below=1),
    ),
    Option(
        "min_quality",
        "number",
        "the lowest quality accepted, on the codec's own scale",
        what="a quality",
        expected=f"give a number from 0 to {BEST_QUALITY}, on the codec's own scale",
        metavar="QUALITY",
        bounds=Bounds(minimum=0, maximum=BEST_QUALITY),
    ),
    Option(
        "min_score",
        "number",
        "the lowest SSIMULACRA2 score accepted: 90 very good, 70 good, 50 medium; needs bytefit[metrics]",
        what="on the scale of SSIMULACRA2",
        expected=f"give a number below {BEST_SCORE}",
        metavar="SCORE",
        bounds=Bounds(minimum=WORST_SCORE, below=BEST_SCORE),
    ),
    Option("resize", "boolean", "reduce the dimensions if that looks better or the budget needs it"),
    Option("min_width", "integer", "with resize, the smallest width", in_configuration=False, **_WIDTH),
    Option("max_width", "integer", "with resize, the largest width", keeps_what_fits=False, **_WIDTH),
    Option("max_height", "integer", "with resize, the largest height", keeps_what_fits=False, **_HEIGHT),
    Option(
        "effort",
        "string",
        "how much time the encoder may spend on quality at the same size; the best JPEG needs bytefit[best]",
        choices=EFFORTS,
        needs_target=False,
    ),
    Option("exact", "boolean", "pad the file to exactly the target", needs_target=False, **_COMPRESS_ONLY),
    Option(
        *("on_unreachable", "string", "what to do if nothing fits: fail, or return the smallest file"),
        choices=ON_UNREACHABLE,
    ),
    Option("metadata", "string", "which metadata to keep (EXIF, ICC profile, XMP ...)", choices=POLICIES),
    Option("lossless", "boolean", "keep every pixel unchanged, or fail", needs_target=False, **_COMPRESS_ONLY),
    Option(
        "drop_extras",
        "boolean",
        "leave out further images, gain maps and films of a JPEG, and the still picture of an animated PNG",
        **_COMPRESS_ONLY,
    ),
    Option(
        *("allow_frame_drop", "boolean", "drop every second frame of an animation, repeatedly, if nothing else fits"),
        **_COMPRESS_ONLY,
    ),
    Option(
        "max_pixels",
        "integer",
        "refuse an image file of more pixels: a small file can need all the memory there is",
        default_note=f"{PILLOWS_MOST_PIXELS:,}, the limit of Pillow",
        what="a number of pixels",
        **_PIXELS,
    ),
    Option(
        "models",
        "path",
        "the folder with your own models, made by `bytefit train`",
        default_note="BYTEFIT_MODELS, else the models that come with bytefit",
        what="the path of a folder",
        expected="give a folder that `bytefit train` has written",
        metavar="DIR",
    ),
)

# Any other name is a save option of Pillow, or a mistake.
OWN_OPTIONS = frozenset(option.name for option in OPTIONS)

# If only these are given, a file that fits is left as it is.
KEEPING_WHAT_FITS = frozenset(option.name for option in OPTIONS if option.keeps_what_fits)

# The configuration has keys for these.
IN_CONFIGURATION = frozenset(option.name for option in OPTIONS if option.in_configuration)


def options_from(values: Mapping[str, Any]) -> Options:
    """Return the options in `values`, checked; names that are not options of bytefit become save options.

    Raises:
        ConfigError: naming the option, its value and what it takes.
    """
    own = {name: values[name] for name in values if name in OWN_OPTIONS}
    return checked(Options(**own, save_options={name: values[name] for name in values if name not in OWN_OPTIONS}))


def checked(options: Options) -> Options:
    """Return `options` if every value is accepted and the values go together.

    Raises:
        ConfigError: naming the option, its value and what it takes.
    """
    for option in OPTIONS:
        value = getattr(options, option.name)
        if not option.accepts(value):
            unknown = "unknown " if option.choices else ""
            raise ConfigError(f"{unknown}{option.name} {shown(value)}{option.refusal()}")
        if value is not None and (unmet := option.unmet(options._asdict())):
            raise ConfigError(f"{option.name} needs {unmet[0]}={unmet[1]!r}")
    least, most = options.min_width, options.max_width
    if least is not None and most is not None and least > most:
        raise ConfigError(f"min_width {shown(least)} is above max_width {shown(most)}: lower one or raise the other")
    return options
