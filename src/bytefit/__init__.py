"""bytefit makes an image fit a byte budget: the best-looking file of at most N bytes, in about one encode.

The words used everywhere in this package:

    target      what the user typed ("200KB")
    budget      its bytes, an int; encode budget: the budget less what padding needs
    payload     the bytes of an encoding that are not metadata
    options     what `bytefit.compress` takes, declared once in `bytefit.options`
    source      an image on its way through a fit: its name, its bytes, its picture
    picture     decoded pixels in memory; frames: those of an animation, or the pages of a file
    codec       a format that bytefit can steer: JPEG, PNG, GIF, WebP, AVIF ...
    container   what a file of a format carries besides pixels, loses, and can be padded with
    auxiliary images  further images that a JPEG file holds: a gain map, a preview, a depth map
    trailing data     the bytes behind the image in its file, such as the film of a motion photo
    content     what an image shows, as far as it decides its settings: a photograph or a graphic
    palette     the colours of an image as PNG and GIF store them
    setting     the Pillow save options of one encode
    ladder      a codec's settings from the smallest file to the largest; rung: one of them, by its index
    curve       ln(bytes) along a ladder
    probe       a cheap measurement that is not the answer
    sample      the part of a picture that is encoded to predict the whole: a mosaic or a row sample
    mosaic      tiles from all over a picture, side by side
    row sample  a short piece of every row of blocks, one below the other
    complexity probe  a probe of the sample as plain JPEG: how complex the picture is
    sample probe      a probe of the sample, encoded by the codec
    low-effort probe  a probe of the whole picture at a lower effort, or of a larger sample
    effort log ratio  ln of the bytes of the sample at full effort over those at low effort
    trial       a full encode that could be the answer
    fits, over  at most the budget, above it
    effort      how much time an encoder may take for more quality at the same bytes: fast, normal, best
    score       visible quality as SSIMULACRA2, 100 at best
    scale       the longer side of the answer over that of the picture
    slack       the share of the budget that may stay unused (0.05 = stop at 95-100 %)
    floor       the least quality or score that the user accepts
    fill        bytes / budget
    alternative an encoding in another format or size that was seen to fit
    rule        the limits of the files that match its globs; total: a budget for the sum of files
    finding     a file or a sum of files that breaks its rule or total
    baseline    the findings at the time it was written, which fail only when they grow
    job         a batch of images: its plan and its frozen list of inputs, in a job folder
    shard       a part of the list that one worker fits in one go
    row         what a batch did with one image: its answer, its status and the reason
    marker      the file with the rows of a shard, written when the shard is finished
    journal     the file with the rows of a shard under way
    manifest    the rows of a whole job

Importing this package loads nothing but itself; Pillow is loaded with the first name that needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bytefit.batches.run import batch, run_shard
    from bytefit.codecs import Codec, Trial, register_codec
    from bytefit.errors import (
        BatchStopped,
        BudgetUnreachable,
        BytefitError,
        ConfigError,
        CorruptImage,
        ModelError,
        OptionError,
        SizeSyntaxError,
        UnsupportedImage,
    )
    from bytefit.files.compress_file import Outcome, compress_file
    from bytefit.fitting.compress import compress
    from bytefit.fitting.result import Result
    from bytefit.messages import format_size
    from bytefit.pictures.frames import Frames
    from bytefit.pillow_plugin import register, unregister
    from bytefit.seeding.model import use_models
    from bytefit.sizes import parse_size

__version__ = "0.1.0"

__all__ = [
    "BatchStopped",
    "BudgetUnreachable",
    "BytefitError",
    "Codec",
    "ConfigError",
    "CorruptImage",
    "Frames",
    "ModelError",
    "OptionError",
    "Outcome",
    "Result",
    "SizeSyntaxError",
    "Trial",
    "UnsupportedImage",
    "batch",
    "compress",
    "compress_file",
    "format_size",
    "parse_size",
    "register",
    "register_codec",
    "run_shard",
    "unregister",
    "use_models",
]

_HOMES = {
    "batches.run": ("batch", "run_shard"),
    "messages": ("format_size",),
    "sizes": ("parse_size",),
    "seeding.model": ("use_models",),
    "codecs": ("Codec", "Trial", "register_codec"),
    "fitting.compress": ("compress",),
    "fitting.result": ("Result",),
    "errors": (
        "BatchStopped",
        "BudgetUnreachable",
        "BytefitError",
        "ConfigError",
        "CorruptImage",
        "ModelError",
        "OptionError",
        "SizeSyntaxError",
        "UnsupportedImage",
    ),
    "files.compress_file": ("Outcome", "compress_file"),
    "pictures.frames": ("Frames",),
    "pillow_plugin": ("register", "unregister"),
}


def __getattr__(name: str) -> object:
    """Import a public name from its module at first use, so that `check` never loads Pillow."""
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            value = getattr(import_module(f"bytefit.{home}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'bytefit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
