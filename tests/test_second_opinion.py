"""Other decoders show the same pixels as Pillow, where they are installed; what is compared is compared in earnest."""

from __future__ import annotations

import subprocess

import pytest
from PIL import Image

import bytefit
import second_opinion
from animations import moving
from images import encoded, flat, graphic, noise, photograph, screenshot
from second_opinion import DECODERS, Opinions, compare, difference, other_decoders, report

INSTALLED, ABSENT = other_decoders()

each_decoder = pytest.mark.parametrize(
    "decoder",
    [
        pytest.param(each, marks=() if each in INSTALLED else pytest.mark.skip(f"needs {each.program}"))
        for each in DECODERS
    ],
    ids=lambda decoder: decoder.format,
)


@each_decoder
@pytest.mark.parametrize("picture", [photograph, screenshot, graphic, flat], ids=lambda picture: picture.__name__)
def test_another_decoder_shows_the_same_pixels(decoder, picture):
    """A file that only Pillow decodes as meant would be broken for everybody else."""
    made = picture((19, 15) if decoder.format in {"PNG", "GIF"} else (61, 43))
    if decoder.format == "JPEG" and picture is graphic:
        made = made.convert("RGB")
    found = Opinions()

    for budget in (700, 3000, 20_000):
        data = bytefit.compress(made, budget, format=decoder.format, on_unreachable="smallest").data
        compare(decoder, data, picture.__name__, found)

    assert (found.disagreements, found.frames) == ([], 3)


@each_decoder
def test_another_decoder_shows_the_same_frames(decoder):
    """Where the program decodes animations, each frame must be the same; where it does not, the first one."""
    if decoder.format not in {"GIF", "PNG", "AVIF"}:
        pytest.skip("the program decodes no animation")
    screen = screenshot((48, 32)).quantize(8)
    frames = [screen, screen.transpose(Image.Transpose.FLIP_LEFT_RIGHT), screen]
    source = bytefit.Frames(frames, (40.0, 40.0, 40.0), 0)
    found = Opinions()

    compare(decoder, bytefit.compress(source, 20_000, format=decoder.format).data, "frames", found)

    assert found.disagreements == []
    assert found.frames + sum(found.skipped.values()) == 3


@each_decoder
def test_other_pixels_are_a_disagreement(decoder, monkeypatch):
    """A comparison that notices nothing would be of no use."""
    other = photograph((61, 43)).convert("RGBA")
    monkeypatch.setattr(second_opinion, "decoded_by", lambda *_: other)
    found = Opinions()

    compare(decoder, bytefit.compress(flat((61, 43)), 20_000, format=decoder.format).data, "name", found)

    assert len(found.disagreements) == 1
    assert f"{decoder.format} name, frame 0: 2623 pixels by up to" in report({decoder.format: found}, [])


def test_a_file_that_a_decoder_refuses_is_a_disagreement(monkeypatch):
    """A decoder that fails has an opinion, too."""

    def refuse(*_):
        raise subprocess.CalledProcessError(1, ["djpeg"], stderr=b"Unsupported marker")

    monkeypatch.setattr(second_opinion, "decoded_by", refuse)
    found = Opinions()

    compare(DECODERS[0], encoded(noise()), "name", found)

    assert found.disagreements == ["JPEG name, frame 0: djpeg refuses it: Unsupported marker"]


def test_decoders_that_are_absent_are_named(monkeypatch):
    """A format that was not compared must not look as if it was."""
    monkeypatch.setattr(second_opinion, "which", lambda _program: None)

    decoders, absent = other_decoders(["WEBP"])

    assert (decoders, absent) == ([], ["WEBP skipped: no dwebp; apt-get install webp"])


def test_invisible_colours_are_no_difference():
    """Encoders may put anything under an alpha of zero."""
    one, other = Image.new("RGBA", (2, 1), (9, 9, 9, 0)), Image.new("RGBA", (2, 1), (0, 0, 0, 0))

    assert difference(one, other) == (0, 0)

    other.putpixel((1, 0), (9, 12, 9, 1))
    assert difference(one, other) == (1, 1)

    one.putpixel((1, 0), (9, 9, 9, 1))
    assert difference(one, other) == (3, 1)


def test_the_command_reports_every_format(tmp_path, capsys):
    """One line for each format, with the number of answers and the largest difference."""
    (tmp_path / "moving.gif").write_bytes(moving("GIF"))
    (tmp_path / "photo.png").write_bytes(encoded(photograph(), "PNG"))
    (tmp_path / "notes.txt").write_text("no image", encoding="utf-8")

    code = second_opinion.main([str(tmp_path), "--limit", "2", "--codec", "gif", "--codec", "jpeg"])

    printed = capsys.readouterr().out
    assert code == 0
    assert all(name in printed for name in ("GIF", "JPEG"))
