"""Save options of Pillow's writers with values that a command line or a configuration can hold, and their checks.

A name means the same in every format that has it. Which formats have it is said by their codecs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from bytefit.messages import nearest
from bytefit.options.records import Bounds, Options

if TYPE_CHECKING:
    from collections.abc import Callable


OWN_NAMES = frozenset(Options._fields)


class SaveOption(NamedTuple):
    """One save option.

    Attributes:
        name: its name in Python, on the command line and in the configuration.
        value_type: the type of its values.
        choices: the accepted values, if there are few.
        bounds: the bounds of a number.
    """

    name: str
    value_type: Literal["boolean", "integer", "number", "string"]
    choices: tuple[str | int, ...] = ()
    bounds: Bounds = Bounds()

    def accepts(self, value: object) -> bool:
        """Return whether a value is of the right type and within the bounds."""
        if self.choices:
            return any(type(value) is type(choice) and value == choice for choice in self.choices)
        if self.value_type == "boolean":
            return value is True or value is False
        if self.value_type == "string":
            return isinstance(value, str)
        types = int if self.value_type == "integer" else int | float
        return not isinstance(value, bool) and isinstance(value, types) and self.bounds.allow(value)

    def refusal(self, write: Callable[[Any], str] = repr) -> str:
        """Return why a value is refused and what to give; see `bytefit.options.Option.refusal`."""
        if self.choices:
            names = [choice for choice in self.choices if isinstance(choice, str)]
            return f": use one of {', '.join(map(write, names))}"
        if self.value_type == "boolean":
            return f" is neither {' nor '.join(map(write, (True, False)))}"
        if self.value_type == "string":
            return " is not text"
        least, most, _ = self.bounds
        kind = "a whole number" if self.value_type == "integer" else "a number"
        return f" is not {kind} from {least}{' up' if most is None else f' to {most}'}"


def unknown_save_option(name: str) -> str:
    """Return what to say of a name that is no save option, to follow it in a message."""
    if name in OWN_NAMES:
        return " is an option of its own"
    return nearest(name, SAVE_OPTIONS) or f": use one of {', '.join(sorted(SAVE_OPTIONS))}"


_FROM_0, _PERCENT = Bounds(0), Bounds(0, 100)

SAVE_OPTIONS = {
    option.name: option
    for option in (
        SaveOption("progressive", "boolean"),
        SaveOption("optimize", "boolean"),
        SaveOption("subsampling", "string", ("4:4:4", "4:2:2", "4:2:0", "4:1:1", "4:0:0", "keep", 0, 1, 2, -1)),
        SaveOption("smooth", "integer", bounds=_PERCENT),
        SaveOption("keep_rgb", "boolean"),
        SaveOption("restart_marker_blocks", "integer", bounds=_FROM_0),
        SaveOption("restart_marker_rows", "integer", bounds=_FROM_0),
        SaveOption("dither", "number", bounds=Bounds(0, 1)),
        SaveOption("method", "integer", bounds=Bounds(0, 6)),
        SaveOption("alpha_quality", "integer", bounds=_PERCENT),
        SaveOption("webp_exact", "boolean"),
        SaveOption("speed", "integer", bounds=Bounds(0, 10)),
        SaveOption("max_threads", "integer", bounds=_FROM_0),
        SaveOption("codec", "string"),
        SaveOption("range", "string", ("full", "limited")),
        SaveOption("tile_rows", "integer", bounds=Bounds(0, 6)),
        SaveOption("tile_cols", "integer", bounds=Bounds(0, 6)),
        SaveOption("autotiling", "boolean"),
        SaveOption("alpha_premultiplied", "boolean"),
        SaveOption("compression", "string"),
        SaveOption("strip_size", "integer", bounds=Bounds(1)),
        SaveOption("no_jp2", "boolean"),
        SaveOption("num_resolutions", "integer", bounds=Bounds(1, 33)),
        SaveOption("plt", "boolean"),
        SaveOption("chroma", "string", (420, 422, 444, "420", "422", "444")),
        SaveOption("preset", "string"),
        SaveOption("decoding_speed", "integer", bounds=Bounds(0, 4)),
        SaveOption("use_container", "boolean"),
        SaveOption("num_threads", "integer", bounds=Bounds(-1)),
        SaveOption("compress_metadata", "boolean"),
    )
}
