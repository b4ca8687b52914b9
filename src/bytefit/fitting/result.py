"""The record that `bytefit.compress` returns, and its words for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit.codecs import media_type
from bytefit.errors import Alternative
from bytefit.messages import format_size
from bytefit.options import Options, counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bytefit.codecs import Trial


# Below this SSIMULACRA2 score people notice the loss without the original next to it: the authors of the metric call 70
# "high quality".
VISIBLE_LOSS = 70


class Result(NamedTuple):
    """An image that was fitted to a budget.

    Attributes:
        data: the bytes of the file, really encoded with `setting`.
        budget: the most bytes it was allowed to have, counted as `encoding` says.
        format: Pillow's name of the format.
        quality: the quality of `setting` on the codec's own scale.
        setting: the Pillow save options of the encode, metadata left out, and the codec's own, such as `near_lossless`.
        width, height: the dimensions of the encoded image, in pixels.
        frames: how many frames or pages it holds.
        scale: its longer side over that of the source; 1.0 unless `resize` made it smaller.
        score: its SSIMULACRA2 score at the dimensions of the source if `min_score` asked for one, otherwise None.
        lossless: whether every pixel is that of the source, which was compared; pixels without any opacity may have
            other colours unless `lossless` asked for theirs.
        proven: whether the next rung was measured to be over the budget, or there is none.
        trials: the full encodes, in order.
        probes: the cheap measurements that seeded the search, in order.
        seconds: the time of all of it, decoding the source left out.
        exact: whether exactly the budget was asked for.
        padded: how many of the bytes are padding, for `exact` or for a least size.
        min_size: the fewest bytes it was allowed to have, counted as `encoding` says; 0 for any.
        encoding: how sizes were counted: "binary", "base64" or "data-uri".
        dropped: words for everything in the source's file that the format has no place for, such as "GIF comment";
            what you left out by `metadata` is not among it.
    """

    data: bytes
    budget: int
    format: str
    quality: float
    setting: Mapping[str, Any]
    width: int
    height: int
    frames: int
    scale: float
    score: float | None
    lossless: bool
    proven: bool
    trials: tuple[Trial, ...]
    probes: tuple[Trial, ...]
    seconds: float
    exact: bool = False
    dropped: tuple[str, ...] = ()
    padded: int = 0
    min_size: int = 0
    encoding: str = "binary"

    def __repr__(self) -> str:
        left_out = {"data", "setting", "trials", "probes", "exact"}
        unusual = {"padded": 0, "min_size": 0, "encoding": "binary"}
        shown = [
            f"{name}={value!r}"
            for name, value in self._asdict().items()
            if name not in left_out and unusual.get(name, self) != value
        ]
        return f"Result({', '.join(shown)})"

    @property
    def size(self) -> int:
        """The bytes of `data`."""
        return len(self.data)

    @property
    def encoded(self) -> str:
        """`data` as the text that was counted: base64, or a data URI with `encoding="data-uri"`."""
        from bytefit.options.text_encoding import encoded

        return encoded(self.data, self.encoding, media_type(self.format))

    @property
    def encoded_size(self) -> int:
        """The size that counts: the characters of `encoded`, or the bytes of `data` with `encoding="binary"`."""
        return counted(self.size, Options(encoding=self.encoding), lambda: media_type(self.format))

    @property
    def fill(self) -> float:
        """The size that counts over the budget, at most 1 where the answer fits."""
        return self.encoded_size / self.budget

    @property
    def fits(self) -> bool:
        """Whether the size that counts is from `min_size` to the budget, or exactly the budget with `exact`.

        False only with `on_unreachable="smallest"`: a file just below the budget has no room for the padding.
        """
        least = self.budget if self.exact else self.min_size
        return least <= self.encoded_size <= self.budget

    @property
    def alternative(self) -> Alternative:
        """What the error about another format or size says of this one."""
        return Alternative(self.format, self.quality, self.width, self.height, self.scale, self.encoded_size)


class Encode(NamedTuple):
    """How an image was encoded: a `Result` without its bytes, so that thousands of them can wait for a report.

    Attributes:
        format: Pillow's name of the format.
        quality: the quality on the codec's own scale.
        width, height: the dimensions of the encoded image, in pixels.
        scale: its longer side over that of the source.
        lossless: whether every pixel is that of the source.
        proven: whether the next rung is over the budget, or there is none.
        trials: the full encodes, in order.
        probes: the cheap measurements, in order.
        dropped: words for everything that the format has no place for.
    """

    format: str
    quality: float
    width: int
    height: int
    scale: float
    lossless: bool
    proven: bool
    trials: tuple[Trial, ...]
    probes: tuple[Trial, ...]
    dropped: tuple[str, ...]


def encode_of(result: Result) -> Encode:
    """Return how a result was encoded."""
    return Encode(**{name: getattr(result, name) for name in Encode._fields})


def score_in_words(score: float) -> str:
    """Return an SSIMULACRA2 score, and whether the loss is visible: "score 62.1, visible loss"."""
    return f"score {score:.1f}" + (", visible loss" if score < VISIBLE_LOSS else "")


def how_encoded(encode: Result | Encode | None, seconds: float, score: float | None = None, *, padded: int = 0) -> str:
    """Return how an image was encoded, to follow its sizes: "(JPEG quality 80, 1 trial, 0.05 s)".

    Args:
        encode: the encode; None for the same pixels in fewer bytes.
        seconds: how long the answer took.
        score: its SSIMULACRA2 score, if it has one.
        padded: how many of its bytes are padding.
    """
    padding = f", {format_size(padded)} of padding" if padded else ""
    if encode is None:
        return f"(the same picture, without loss{padding}, no trial, {seconds:.2f} s)"
    detail = f"{encode.format} quality {encode.quality:g}"
    if encode.scale < 1:
        detail += f" at {encode.width}x{encode.height}"
    detail += padding
    if score is not None:
        detail += f", {score_in_words(score)}"
    trials = "1 trial" if len(encode.trials) == 1 else f"{len(encode.trials)} trials"
    dropped = f"; {encode.format} cannot hold: {', '.join(encode.dropped)}" if encode.dropped else ""
    return f"({detail}, {trials}, {seconds:.2f} s){dropped}"
