"""The errors bytefit raises on purpose, all below one base that is never raised itself.

    BytefitError
     - BudgetUnreachable       no encoding within the floors is small enough
     - SizeSyntaxError         a size nobody can read                   (also ValueError)
     - UnsupportedImage        a picture we refuse or cannot decode     (also ValueError)
        - PixelsNotKept        a lossless file that would lose pixels
        - CorruptImage         a file that no decoder can read
     - ConfigError             a wrong option value or configuration    (also ValueError)
        - OptionError          an option nobody knows, or in conflict   (also TypeError)
     - ModelError              a model file that cannot be used
     - BatchStopped            a batch that ended before all its images were taken

Facts are attributes; the classes write the messages: what, limit, found, way out. They know nothing of images.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from bytefit.messages import format_size

# What is added to a warning of Pillow that the filters of the process made an error.
WARNING_AS_ERROR = "(a warning of Pillow, which this process turns into an error)"


class BytefitError(Exception):
    """Base of everything bytefit raises on purpose."""


class SizeSyntaxError(BytefitError, ValueError):
    """A size that cannot be read, or is not at least one byte."""


class UnsupportedImage(BytefitError, ValueError):  # noqa: N818  (the contract's name)
    """A picture that is refused, with the reason, or cannot be decoded."""


class PixelsNotKept(UnsupportedImage):
    """A picture that a format cannot store without loss although that was asked for."""


class CorruptImage(UnsupportedImage):
    """A file that is no image, or one that cannot be decoded."""


class ConfigError(BytefitError, ValueError):
    """An option or a configuration with a value that makes no sense."""


class OptionError(ConfigError, TypeError):
    """An option that is unknown, misspelt or in conflict with another."""


class ModelError(BytefitError):
    """A model file that is missing parts or was made for another ladder."""


class BatchStopped(BytefitError):  # noqa: N818  (nothing is wrong with the job: it can go on)
    """A batch that ended before all its images were taken: by its user, by `max_failures`, or by its cluster."""


class Alternative(NamedTuple):
    """An encoding of the same image that was seen to fit the budget.

    Attributes:
        format: Pillow's name of its format.
        quality: its quality on the codec's scale.
        width, height: its dimensions in pixels.
        scale: its longer side over that of the image.
        size: its bytes.
    """

    format: str
    quality: float
    width: int
    height: int
    scale: float
    size: int

    def __str__(self) -> str:
        scaled = f" at {self.width}x{self.height}" if self.scale < 1 else ""
        return f"as {self.format} at quality {self.quality:g}{scaled} it has {format_size(self.size)}"


class BudgetUnreachable(BytefitError):  # noqa: N818  (the contract's name)
    """No encoding within the floors is small enough.

    Attributes:
        budget: the bytes asked for.
        smallest: the bytes of the smallest encoding that was really made.
        width, height: the dimensions it was made at, in pixels.
        quality: its quality on the codec's scale.
        metadata_bytes: how many of `smallest` are metadata.
        name: what messages call the image.
        floor: the least quality the user accepts, or None.
        min_score: the least SSIMULACRA2 score the user accepts, where that is what stands in the way; else None.
        score: the score of the smallest encoding, where there is such a floor.
        ways: what would help, besides fewer pixels and a larger budget.
        larger_budget_helps: whether a budget of `smallest` bytes would do.
        smaller_size: an encoding at smaller dimensions that fits; None where none was tried, or none fits.
        other_format: an encoding in another format that fits; None likewise.
        encodes: how many full encodes were made, those in another format and at smaller dimensions included.
    """

    def __init__(
        self,
        budget: int,
        smallest: int,
        *,
        width: int,
        height: int,
        quality: float,
        metadata_bytes: int = 0,
        floor: float | None = None,
        min_score: float | None = None,
        score: float | None = None,
        name: str = "the image",
        ways: tuple[str, ...] = (),
        larger_budget_helps: bool = True,
        smaller_size: Alternative | None = None,
        other_format: Alternative | None = None,
        encodes: int = 0,
    ) -> None:
        self.budget = budget
        self.smallest = smallest
        self.width = width
        self.height = height
        self.quality = quality
        self.metadata_bytes = metadata_bytes
        self.floor = floor
        self.min_score = min_score
        self.score = score
        self.name = name
        self.ways = ways
        self.larger_budget_helps = larger_budget_helps
        self.smaller_size = smaller_size
        self.other_format = other_format
        self.encodes = encodes
        super().__init__(budget, smallest)

    def __reduce__(self) -> tuple[Any, ...]:
        return _unreachable, (self.__dict__,)

    @property
    def way_out(self) -> str:
        """What would help, in words."""
        ways = list(self.ways)
        if (smaller := self.smaller_size) is not None:
            ways.append(f"allow resize ({smaller.width}x{smaller.height}, scale {smaller.scale:.2g}, fits)")
        if self.larger_budget_helps:
            # Rounded up, so that the size does when it is typed as it stands here.
            enough = f" ({-(-self.smallest // 1000)} kB would do)" if self.smallest > self.budget else ""
            ways.append(("or " if ways else "") + "raise the budget" + enough)
        return ", ".join(ways)

    def __str__(self) -> str:
        if self.min_score is not None and self.score is not None and self.score < self.min_score:
            return (
                f"no encoding of {self.name} at {self.width}x{self.height} reaches a SSIMULACRA2 score of "
                f"{self.min_score:g}: quality {self.quality:g} has {self.score:.1f}; {self.way_out}"
            )
        detail = f"quality {self.quality:g}"
        if self.floor is not None:
            detail += f", the floor is {self.floor:g}"
        if self.min_score is not None:
            detail += f", for a SSIMULACRA2 score of {self.min_score:g}"
        if self.metadata_bytes:
            detail += f", {format_size(self.metadata_bytes)} of it metadata"
        return (
            f"cannot fit {self.name} in {format_size(self.budget)}: its smallest encoding at "
            f"{self.width}x{self.height} is {format_size(self.smallest)} ({detail}); {self.way_out}"
            + (f"; {self.other_format}" if self.other_format is not None else "")
        )


def _unreachable(facts: dict[str, Any]) -> BudgetUnreachable:
    """Make the error again from its attributes, in another process."""
    return BudgetUnreachable(**facts)
