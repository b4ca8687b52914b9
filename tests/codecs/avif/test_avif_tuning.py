"""AVIF is tuned for visible quality where libaom knows how, and silently not where it does not."""

from __future__ import annotations

import pytest
from PIL import Image

import bytefit
from bytefit.codecs.avif import codec as avif
from bytefit.codecs.avif.codec import AVIF
from bytefit.codecs.codec import GRAPHIC, PHOTOGRAPH
from bytefit.pictures.frames import Frames
from images import encoded, photograph, screenshot

each_content = pytest.mark.parametrize("content", [PHOTOGRAPH, GRAPHIC])


@pytest.fixture
def library(monkeypatch):
    """Return a function after which libaom knows only some tunings."""

    def knows(*tunings):
        save = Image.Image.save

        def with_fewer(self, fp, format=None, **options):  # noqa: A002
            if (options.get("advanced") or {}).get("tune", "ssim") not in {"ssim", *tunings}:
                raise ValueError("Failed to encode image: Invalid codec-specific option")
            save(self, fp, format, **options)

        monkeypatch.setattr(Image.Image, "save", with_fewer)
        avif._tuned.cache_clear()

    yield knows
    monkeypatch.undo()
    avif._tuned.cache_clear()


@each_content
def test_a_library_without_a_tuning_encodes_as_before(library, content):
    """An old libaom must not make AVIF fail, and no option may stand in the setting that it would refuse."""
    library()

    result = bytefit.compress(photograph() if content == PHOTOGRAPH else screenshot(), 4000, format="AVIF")

    assert set(result.setting) == {"quality"}
    assert result.fits


def test_the_next_best_tuning_is_used(library):
    """The lowest supported Pillow knows "iq" and not "ssimulacra2"."""
    library("iq")

    assert AVIF.setting(50, "RGB")["advanced"] == {"tune": "iq"}


@each_content
@pytest.mark.parametrize("quality", [AVIF.ladder[0], 50, 99, 100])
def test_every_setting_is_one_that_pillow_encodes(content, quality):
    """The setting of an answer is what its user would give to Pillow for the same bytes; 100 admits no tuning."""
    setting = AVIF.for_content(content).setting(quality, "RGB")

    assert AVIF.encode(photograph(), setting) == encoded(photograph(), "AVIF", **setting)


def test_the_users_own_options_go_first():
    """A tuning of the user's must not be replaced, and not be mixed with ours."""
    options = {"advanced": {"tune": "ssim"}}

    result = bytefit.compress(photograph(), 4000, format="AVIF", **options)

    assert result.setting["advanced"] == options["advanced"]
    assert result.data == encoded(photograph(), "AVIF", **result.setting)


def test_animations_are_not_tuned():
    """The tunings are made for still pictures."""
    frames = Frames((photograph(), photograph(seed=2)), (40.0, 40.0), 0)

    assert AVIF.encode(frames, AVIF.setting(50, "RGB")) == AVIF.encode(frames, {"quality": 50})


def test_other_encoders_do_not_see_the_tuning(monkeypatch):
    """Every encoder but libaom refuses it."""
    seen = {}
    monkeypatch.setattr(avif, "save_to_bytes", lambda _picture, _format, options: seen.update(options) or b"")

    AVIF.encode(photograph(), {**AVIF.setting(50, "RGB"), "codec": "svt"})

    assert seen == {"quality": 50, "codec": "svt"}
