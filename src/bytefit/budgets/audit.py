"""The audit: every image beside its budget. It reads sizes, and the first bytes of what is over; it writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bytefit.budgets.image_files import find_images, sniff

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


class Audited(NamedTuple):
    """One file beside its budget; no dataclass, whose module would double the start-up time of a hook.

    Attributes:
        path: the file.
        size: its bytes.
        budget: the most bytes it may have.
        format: the image format its first bytes say it has; None for a file that is no image, or that fits and was
            not looked into.
    """

    path: Path
    size: int
    budget: int
    format: str | None

    @property
    def over(self) -> bool:
        """Whether it is an image with more bytes than its budget."""
        return self.size > self.budget and self.format is not None


def audit(paths: Iterable[Path], budget: int) -> Iterator[Audited]:
    """Yield every file of `paths` beside its budget.

    Raises:
        OSError: if a file cannot be read.
    """
    for path in find_images(paths):
        size = path.stat().st_size
        yield Audited(path, size, budget, sniff(path) if size > budget else None)
