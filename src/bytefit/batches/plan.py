"""The plan of a job: what is fitted to what, and where the answers go. It is written once, and never changes."""

from __future__ import annotations

import hashlib
import json
import posixpath
from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit import formats
from bytefit.codecs import codec_for_format
from bytefit.errors import ConfigError
from bytefit.fitting.format_choice import is_auto
from bytefit.messages import shown
from bytefit.options import KEEPING_WHAT_FITS, Options, ask_for_conversion, options_from, window
from bytefit.seeding.model import folder_in_use, own_formats

if TYPE_CHECKING:
    from collections.abc import Mapping

OVERWRITE = ("always", "changed", "never")

# The part of a plan that a job may go on with after a change: it decides no answer.
_LIMITS = frozenset({"image_timeout", "memory", "scores"})


# Formats have media types of at most this length.
_LONGEST_TYPE = "image/jpeg"


class Plan(NamedTuple):
    """What a job does.

    Attributes:
        source: the folder or URI that the names of the inputs are relative to.
        destination: where the answers go; None where each goes beside its source, or takes its place.
        budget: the most bytes of an answer.
        options: the options of `bytefit.compress` that were given.
        suffix: what is put behind the stem of a name.
        overwrite: which files are replaced that are there already: one of `OVERWRITE`.
        keep_times: whether an answer gets the modification time of its source.
        dry_run: whether nothing is written.
        image_timeout: the seconds that an image may take.
        memory: the bytes that an image may take in memory.
        listed: where the list of inputs came from, if not from the source.
        scores: whether every answer is scored.
    """

    source: str
    destination: str | None
    budget: int
    options: Mapping[str, Any] = {}
    suffix: str = ""
    overwrite: str = "always"
    keep_times: bool = False
    dry_run: bool = False
    image_timeout: float | None = None
    memory: int | None = None
    listed: str = ""
    scores: bool = False

    @property
    def in_place(self) -> bool:
        """Whether an answer takes the place of its source."""
        return self.destination is None and not self.suffix

    @property
    def wanted(self) -> Options:
        """The options, checked.

        Raises:
            ConfigError: if one makes no sense.
        """
        return options_from(self.options)

    @property
    def asked(self) -> set[str]:
        """The names of the options that decide whether a file that fits is left as it is."""
        return {name for name, value in self.options.items() if name != "format" or is_auto(value)}

    @property
    def options_hash(self) -> str:
        """A hash of all that decides the bytes of an answer."""
        text = json.dumps([self.budget, self.options])
        # The command line has 0.0 where Python code has 0.
        text = json.dumps(json.loads(text, parse_int=float), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def allows(self, size: int) -> bool:
        """Return whether an answer may have `size` bytes; where data URIs are counted, of the longest media type."""
        return window(self.wanted, self.budget, lambda: _LONGEST_TYPE).holds(size)

    @property
    def copies_what_fits(self) -> bool:
        """Whether a file that fits its budget, in the right format, is the answer as it is."""
        wanted = self.wanted
        if self.in_place:
            bounded = wanted.max_width is not None or wanted.max_height is not None or ask_for_conversion(wanted)
            return not bounded and not wanted.exact
        return not wanted.exact and wanted.metadata == "keep" and not self.asked - KEEPING_WHAT_FITS

    def changes(self, other: Plan) -> list[str]:
        """Return what another plan has different, in words, the limits left out."""
        mine, theirs = self._words(), other._words()
        names = sorted({*mine, *theirs})
        return [
            f"{name} was {shown(mine[name]) if name in mine else 'not given'}, "
            f"now {shown(theirs[name]) if name in theirs else 'not given'}"
            for name in names
            if mine.get(name) != theirs.get(name)
        ]

    def _words(self) -> dict[str, Any]:
        named = {name: value for name, value in self._asdict().items() if name not in {*_LIMITS, "options"}}
        words = {**named, **self.options}
        return {("--to" if name == "budget" else name): value for name, value in words.items() if value is not None}


def checked_plan(plan: Plan) -> Plan:
    """Return a plan whose options make sense, and can be written down.

    Raises:
        ConfigError: if they do not.
        ModelError: if there are no models in the folder that they name.
    """
    wanted = plan.wanted
    plan.allows(plan.budget)  # a size that no file can have ends the batch before the first image
    if wanted.format is not None and not is_auto(wanted.format):
        codec_for_format(wanted.format)
        if plan.in_place:
            raise ConfigError(
                f"cannot convert to {wanted.format} in place: give a destination, or a suffix for the new files"
            )
    if plan.in_place and is_auto(wanted.format):
        raise ConfigError("format auto may choose another format, which is not done in place: give a destination")
    if "/" in plan.suffix or "\\" in plan.suffix:
        raise ConfigError(
            f"suffix {shown(plan.suffix)} holds a slash: give text for the end of a file's stem, as in -small"
        )
    if plan.overwrite not in OVERWRITE:
        raise ConfigError(f"unknown overwrite {shown(plan.overwrite)}: use one of {', '.join(OVERWRITE)}")
    models = folder_in_use(wanted.models)
    if models is not None:
        own_formats(models)  # a wrong folder ends the batch before the first image
    # Workers have another current folder, and know nothing of what `use_models` said in this process.
    given = dict(plan.options) if models is None else {**plan.options, "models": models}
    try:
        options = json.loads(json.dumps(given))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"the options of a batch are written to its job folder as JSON: {error}") from error
    return plan._replace(options=options)


def output_name(plan: Plan, name: str, made: str | None = None) -> str:
    """Return the name of the answer for an input, below the destination.

    Args:
        plan: what is done.
        name: the name of the input below the source.
        made: with format "auto" the format of the answer; None leaves the suffix out.
    """
    stem, suffix = posixpath.splitext(name)
    wanted = plan.wanted.format
    if is_auto(wanted):
        wanted = made
        suffix = "" if made is None else suffix
    if wanted is not None:
        format_now = formats.SUFFIXES.get(suffix.lower())
        known = formats.named(codec_for_format(wanted).format)
        if format_now is None or formats.named(format_now).name != known.name:
            suffix = known.suffixes[0]
    return f"{stem}{plan.suffix}{suffix}"
