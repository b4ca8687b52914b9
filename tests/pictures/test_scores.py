"""SSIMULACRA2 scores: identical images score 100, worse ones less, and images that are too small are refused."""

from __future__ import annotations

import subprocess
import sys

import pytest
from PIL import Image

pytest.importorskip("ssimulacra2")

from bytefit.errors import UnsupportedImage
from bytefit.pictures.scores import ssimulacra2_score
from images import encoded, flat, graphic, in_mode, opened, photograph


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_the_same_picture_scores_100(mode):
    """Identical images must score 100 in every mode that a codec may pass."""
    picture = in_mode(mode)

    assert ssimulacra2_score(picture, picture) == 100


def test_the_lower_quality_scores_less():
    """A lower JPEG quality must have a lower score."""
    picture = photograph()
    poor, good = (opened(encoded(picture, quality=quality)) for quality in (10, 90))

    assert ssimulacra2_score(picture, poor) < ssimulacra2_score(picture, good) < 100


def test_grey_is_scored_as_grey_colours():
    """A grey image and its copy in RGB must score as identical."""
    picture = photograph(mode="L")

    assert ssimulacra2_score(picture, picture.convert("RGB")) == 100


def test_a_smaller_version_is_scaled_up_first():
    """A smaller version must be scaled to the size of the original before it is scored."""
    picture = photograph()
    smaller = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS)

    restored = smaller.resize(picture.size, Image.Resampling.LANCZOS)
    assert ssimulacra2_score(picture, smaller) == ssimulacra2_score(picture, restored) < 100


@pytest.mark.parametrize("grey", [26, 230])
def test_the_worse_of_two_backgrounds_counts(grey):
    """A hole filled with one of the background colours must still lower the score."""
    hole = Image.new("RGBA", (32, 32))
    filled = Image.new("RGBA", (32, 32), (grey, grey, grey, 255))

    assert ssimulacra2_score(hole, filled) < 90


def test_transparency_is_scored():
    """A version that lost its transparency must not score 100."""
    picture = graphic()

    assert ssimulacra2_score(picture, picture.convert("RGB")) < 100


def test_what_is_under_transparent_pixels_is_not_scored():
    """Colours of fully transparent pixels must not count: nobody sees them."""
    assert ssimulacra2_score(Image.new("RGBA", (32, 32)), Image.new("RGBA", (32, 32), (255, 0, 0, 0))) == 100


def test_tiny_pictures_are_the_same_or_refused():
    """Images smaller than a window of the metric must score 100 if identical, and be refused otherwise."""
    picture = photograph((7, 40))

    assert ssimulacra2_score(picture, picture.copy()) == 100
    with pytest.raises(UnsupportedImage, match="7x40 pixels: SSIMULACRA2 is undefined below 8 pixels a side"):
        ssimulacra2_score(picture, flat((7, 40)))


def test_importing_the_module_loads_nothing_heavy():
    """Importing the module, or scoring identical images, must not load numpy."""
    code = """
import sys
from PIL import Image
from bytefit.pictures.scores import ssimulacra2_score
picture = Image.new("RGB", (16, 16))
assert ssimulacra2_score(picture, picture) == 100
assert not {"numpy", "scipy", "ssimulacra2"} & set(sys.modules)
"""

    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
