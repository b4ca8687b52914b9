"""Budgets between 256 colours and lossless are used, and lossless is still what it says."""

from __future__ import annotations

import pytest
from PIL import Image

import bytefit
from bytefit.codecs.palettes.near_lossless import NEAR_LOSSLESS
from bytefit.codecs.webp.codec import WEBP
from bytefit.pictures.frames import Frames
from bytefit.seeding.lossless_probe import near_lossless_probe
from images import encoded, graphic, opened, photograph, screenshot, write_jpeg

SHARES = (0.75, 0.85, 0.95)


def interface(size=(90, 60)):
    """Return a screenshot with a photograph in it."""
    picture = screenshot(size)
    picture.paste(photograph((70, 36)), (10, 15))
    return picture


FEW_COLOURS = photograph((90, 60)).quantize(60).convert("RGB")
PICTURES = {"interface": interface(), "transparent": graphic((24, 18)), "photograph": photograph((72, 54))}


def lossless_bytes(picture, codec_format):
    """Return the bytes of the lossless file."""
    return bytefit.compress(picture, "10MB", format=codec_format, lossless=True).size


@pytest.mark.parametrize("codec_format", ["PNG", "WEBP"])
@pytest.mark.parametrize("share", SHARES)
def test_a_budget_below_lossless_is_used(codec_format, share, tmp_path):
    """Half of such a budget was wasted: the best rung below lossless had 256 colours."""
    path = tmp_path / "interface.png"
    path.write_bytes(encoded(PICTURES["interface"], "PNG"))

    result = bytefit.compress(path, int(lossless_bytes(path, codec_format) * share), format=codec_format)

    assert result.fits
    assert result.fill > 0.8
    assert result.setting["near_lossless"] == result.quality
    assert result.quality in NEAR_LOSSLESS
    assert not result.lossless
    assert opened(result.data).size == PICTURES["interface"].size


@pytest.mark.parametrize("kind", PICTURES)
def test_png_without_slack_proves_its_rung(kind):
    """The next rung must have been measured, and be over."""
    picture = PICTURES[kind]
    budget = int(lossless_bytes(picture, "PNG") * 0.8)

    result = bytefit.compress(picture, budget, format="PNG", slack=0)

    assert result.proven
    assert result.size <= budget < min(trial.size for trial in result.trials if trial.size > budget)


@pytest.mark.parametrize("codec_format", ["PNG", "WEBP"])
def test_nothing_is_lost_where_lossless_fits(codec_format, tmp_path):
    """The nearly lossless rungs must not stop the search below the lossless one."""
    path = tmp_path / "interface.png"
    path.write_bytes(encoded(PICTURES["interface"], "PNG"))

    result = bytefit.compress(path, lossless_bytes(path, codec_format), format=codec_format)

    assert result.lossless
    assert result.quality == 100


@pytest.mark.parametrize("codec_format", ["PNG", "WEBP"])
def test_lossless_admits_nothing_near_it(codec_format):
    """A file that is asked to be lossless must be so or not be at all."""
    picture = PICTURES["interface"]

    with pytest.raises(bytefit.BudgetUnreachable):
        bytefit.compress(picture, int(lossless_bytes(picture, codec_format) * 0.9), format=codec_format, lossless=True)


def test_a_floor_counts_nearly_lossless_rungs():
    """The floor is on the ladder's scale, on which these rungs are 91 to 99."""
    picture = PICTURES["photograph"]
    budget = int(lossless_bytes(picture, "PNG") * 0.95)

    assert bytefit.compress(picture, budget, format="PNG", min_quality=95).quality >= 95
    with pytest.raises(bytefit.BudgetUnreachable, match="quality 99"):
        bytefit.compress(picture, budget // 3, format="PNG", min_quality=98.5)


def test_webp_does_not_keep_what_a_lossy_source_has_lost(tmp_path):
    """Coded without loss, or nearly so, the artefacts of a JPEG would take the bytes of the picture."""
    path = write_jpeg(tmp_path / "photo.jpg", photograph((72, 54)), quality=80)

    result = bytefit.compress(path, int(lossless_bytes(path, "WEBP") * 0.9), format="WEBP")

    assert "near_lossless" not in result.setting


def test_webp_falls_back_to_lossy_below_the_nearly_lossless_rungs(tmp_path):
    """A budget that none of them meets is the ladder's."""
    path = tmp_path / "photograph.png"
    path.write_bytes(encoded(PICTURES["photograph"], "PNG"))

    result = bytefit.compress(path, int(lossless_bytes(path, "WEBP") * 0.2), format="WEBP")

    assert "near_lossless" not in result.setting
    assert result.fill > 0.9


def test_animated_png_has_these_rungs_too():
    """An animation between 256 colours and lossless must use its budget as a picture does."""
    frames = Frames(tuple(photograph((96, 64), seed=seed) for seed in range(3)), (40.0,) * 3, 0)
    budget = int(lossless_bytes(frames, "PNG") * 0.85)

    result = bytefit.compress(frames, budget, format="PNG")

    assert result.quality in NEAR_LOSSLESS
    assert result.frames == 3
    assert result.fill > 0.8


@pytest.mark.parametrize("codec_format", ["PNG", "WEBP"])
def test_the_same_order_gives_the_same_bytes(codec_format):
    """What was made of another image before must not matter."""
    picture = PICTURES["transparent"]
    budget = int(lossless_bytes(picture, codec_format) * 0.85)

    first = bytefit.compress(picture, budget, format=codec_format).data
    bytefit.compress(PICTURES["photograph"], budget, format=codec_format)

    assert bytefit.compress(picture.copy(), budget, format=codec_format).data == first


def test_webp_of_few_bytes_has_a_palette_where_that_suits_the_image(tmp_path):
    """Lossy WebP blurs the colours of text; a palette keeps its edges in as many bytes."""
    shaded = screenshot((240, 160))
    shaded.paste(Image.linear_gradient("L").resize((240, 12)).convert("RGB"), (0, 0))
    shaded.paste(photograph((24, 24)), (200, 130))
    path = tmp_path / "shaded.png"
    path.write_bytes(encoded(shaded, "PNG"))

    result = bytefit.compress(path, int(lossless_bytes(path, "WEBP") * 0.7), format="WEBP")

    assert result.setting["lossless"]
    assert 53 <= result.quality < 100
    assert not result.lossless


@pytest.mark.parametrize(
    ("picture", "share"),
    [(FEW_COLOURS, 0.3), (PICTURES["interface"], 0.45), (PICTURES["photograph"], 0.4)],
    ids=["few colours", "interface", "photograph"],
)
def test_nothing_near_is_searched_where_a_quick_probe_says_that_none_fits(picture, share, tmp_path):
    """Searching it takes ten encodes and more, and then the answer is lossy."""
    path = tmp_path / "picture.png"
    path.write_bytes(encoded(picture, "PNG"))

    result = bytefit.compress(path, int(lossless_bytes(path, "WEBP") * share), format="WEBP")

    assert not result.lossless
    assert not any("near_lossless" in one.setting for one in (*result.trials, *result.probes))


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("quality", [53.2, 95.0])
def test_the_quick_probe_refuses_no_rung_that_fits(kind, quality):
    """It is made at once, and its bytes are more or less those of the rung."""
    least, probe = near_lossless_probe(WEBP, PICTURES[kind], quality)

    size = len(WEBP.encode(PICTURES[kind], {**WEBP.lossless.options, "near_lossless": quality}))

    assert least == pytest.approx(WEBP.lossless.near.least_share * probe.size)
    assert least <= size
