"""The encodes made for one answer, and whoever wants to see them while they are made."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bytefit.codecs import Trial
    from bytefit.fitting.trials import Trials
    from bytefit.seeding.seed import Seed

    Listener = Callable[["Predicted | Trying | Trial"], object]


class Predicted(NamedTuple):
    """A search begins.

    Attributes:
        format: Pillow's name of the format.
        width, height: the dimensions of the picture that is encoded, in pixels.
        ladder: the qualities of the rungs, rising.
        curve: ln(bytes of the pixels) that is predicted for every rung.
        overhead: the bytes of the file that are not pixels.
        budget: the most bytes of the file.
        enough: the fewest bytes of a file that end the search.
        probes: the cheap measurements that the curve is predicted from.
    """

    format: str
    width: int
    height: int
    ladder: Sequence[float]
    curve: Sequence[float]
    overhead: int
    budget: int
    enough: int
    probes: tuple[Trial, ...]


class Trying(NamedTuple):
    """A full encode begins.

    Attributes:
        format: Pillow's name of the format.
        quality: the quality on the codec's own scale.
        width, height: the dimensions of the picture that is encoded, in pixels.
    """

    format: str
    quality: float
    width: int
    height: int


_listener: ContextVar[Listener | None] = ContextVar("_listener", default=None)


@contextmanager
def watching(listener: Listener) -> Iterator[None]:
    """Call `listener` in this thread with every search that begins, every full encode that begins and every trial."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


class Log:
    """All encodes made for one answer, in order, on whichever ladder and at whichever size."""

    def __init__(self) -> None:
        self.trials: list[Trial] = []
        self.probes: list[Trial] = []
        self._listener = _listener.get()

    def begin(self, trials: Trials, seeded: Seed, min_accept: int) -> None:
        """Add the probes of a search that begins, and tell whoever watches what is predicted.

        Args:
            trials: of the picture that is searched for.
            seeded: the prediction.
            min_accept: the fewest bytes of pixels that end the search.
        """
        self.probes.extend(seeded.probes)
        if self._listener is None:
            return
        (width, height), codec, overhead = trials.picture.size, trials.codec, trials.overhead
        sizes = (overhead, trials.target.encode_budget, min_accept + overhead)
        self._listener(Predicted(codec.format, width, height, codec.ladder, seeded.curve, *sizes, seeded.probes))

    def trying(self, codec_format: str, quality: float, size: tuple[int, int]) -> None:
        """Tell whoever watches that a full encode of a picture of this size begins."""
        if self._listener is not None:
            self._listener(Trying(codec_format, quality, *size))

    def tried(self, trial: Trial) -> None:
        """Add a full encode."""
        self.trials.append(trial)
        if self._listener is not None:
            self._listener(trial)
