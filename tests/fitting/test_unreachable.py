"""Budgets out of reach: floors, and what the error says."""

from __future__ import annotations

import pickle
import re

import pytest

import bytefit
from bytefit import BudgetUnreachable
from bytefit.codecs import codec_for_format
from images import photograph, write_jpeg
from outcomes import each_ladder, size_at, size_for, smallest


@each_ladder
def test_floors_are_kept(wanted):
    """No quality below the floor may be returned; a budget that only lower ones reach must be an error naming it."""
    picture = photograph((144, 96) if wanted == "JPEG2000" else size_for(wanted))
    codec = codec_for_format(wanted)
    floor = codec.ladder[len(codec.ladder) // 2]

    result = bytefit.compress(picture, size_at(picture, wanted) + 1, format=wanted, min_quality=floor)
    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(picture, size_at(picture, wanted, 0.2), format=wanted, min_quality=floor)

    assert result.quality >= floor
    assert (caught.value.floor, caught.value.quality) == (floor, floor)
    assert "lower the quality floor" in str(caught.value)


def test_the_error_names_the_file(tmp_path):
    """A log of a hundred files must say which of them does not fit."""
    path = write_jpeg(tmp_path / "hero.jpg")

    with pytest.raises(BudgetUnreachable, match=r"cannot fit .*hero\.jpg in 10 B"):
        bytefit.compress(path, 10)


@pytest.mark.parametrize("wanted", ["JPEG", "AVIF", "PNG"])
def test_the_smallest_encoding_keeps_to_the_floor(wanted):
    """A floor must hold even where the smallest file is over the budget anyway."""
    result = bytefit.compress(
        photograph(size_for(wanted)), 50, format=wanted, on_unreachable="smallest", min_quality=60
    )

    assert result.quality >= 60
    assert not result.fits


@pytest.mark.parametrize("wanted", ["PNG", "TIFF"])
def test_what_is_too_large_without_loss_is_told_its_size_as_webp(wanted):
    """The size as WebP must be one that was encoded, stand in the message, and survive pickling between processes."""
    picture = photograph((144, 96), "L")

    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(picture, 600, format=wanted)

    quality, size = re.fullmatch(r"as WEBP at quality ([\d.]+) it has (\d+ B)", str(caught.value.other_format)).groups()
    result = bytefit.compress(picture, 600, format="WEBP")
    assert str(caught.value).endswith(f"; {caught.value.other_format}")
    assert (f"{result.quality:g}", f"{result.size} B") == (quality, size)
    assert pickle.loads(pickle.dumps(caught.value)).other_format == caught.value.other_format  # noqa: S301
    assert caught.value.encodes > len(result.trials)


@pytest.mark.parametrize("wanted", ["JPEG", "PNG"])
def test_what_fits_nowhere_is_told_no_other_format(wanted):
    """No other format may be advised where none fits, nor to a format that is lossy already."""
    assert smallest(photograph(size_for(wanted)), wanted).other_format is None
