"""Limits by name: those that come with bytefit, those of a configuration, and how they meet other options."""

from __future__ import annotations

import re
from datetime import date

import pytest

import bytefit
from bytefit.codecs import codec_for_format
from bytefit.errors import ConfigError, SizeSyntaxError
from bytefit.options.presets import expanded, find_preset, preset_from, shipped_presets
from images import animation, encoded, opened, photograph

OWN = """
[presets.passport]
to = "2KB..9KB"
box = "41x53"
dpi = 300
source = "https://example.org/form"
read = "2020-05"
"""


@pytest.mark.parametrize("preset", shipped_presets().values(), ids=lambda preset: preset.name)
def test_each_shipped_preset_says_where_it_is_from_and_works(preset):
    """A limit without its source cannot be checked when it has changed, and one that does not work helps nobody."""
    assert preset.source.startswith("https://github.com/")
    assert date(2026, 1, 1) <= preset.day <= date(2100, 1, 1)
    for name in preset.options.get("formats", ()):
        codec_for_format(name)

    picture = photograph((140, 100))
    wanted = next(iter(preset.options.get("formats", ["JPEG" if "box" not in preset.options else "PNG"])))
    result = bytefit.compress(picture, preset.name, format=wanted, effort="fast")

    assert result.fits
    assert result.budget == bytefit.parse_size(preset.target)


def test_an_emoji_is_what_the_service_takes(tmp_path):
    """Still and moving: 128x128 pixels, in a format that it knows, in at most 256 KiB."""
    bytefit.register()
    try:
        photograph((200, 150)).save(tmp_path / "emoji.png", target_size="discord-emoji")
    finally:
        bytefit.unregister()
    (tmp_path / "moving.gif").write_bytes(animation("GIF", (200, 150)))

    bytefit.compress_file(tmp_path / "moving.gif", "discord-emoji")

    still, moving = (opened((tmp_path / name).read_bytes()) for name in ("emoji.png", "moving.gif"))
    assert (still.size, still.format) == ((128, 128), "PNG")
    assert (moving.size, moving.format) == ((128, 128), "GIF")
    assert moving.n_frames > 1


def test_a_format_the_service_does_not_take_becomes_one_it_takes():
    """In memory any format may be chosen; a file in place keeps its own, so that is an error with the way out."""
    picture = opened(encoded(photograph((140, 100)), "TIFF"))

    assert bytefit.compress(picture, "discord-emoji").format in {"PNG", "GIF", "JPEG"}


def test_options_that_are_given_go_first():
    """Whoever says it knows better: another box, another format, another size."""
    preset = find_preset("discord-emoji")

    assert expanded(preset, {"box": "64x64"}, "9KB") == ("9KB", {**preset.options, "box": "64x64"})
    assert "formats" not in expanded(preset, {"format": "WEBP"})[1]
    assert bytefit.compress(photograph(), "discord-emoji", format="WEBP", box="32x32").width == 32


@pytest.mark.usefixtures("inside")
def test_the_configuration_adds_presets(run, photo):
    """They are listed with the others, and `--for` takes them."""
    (photo.parent / ".bytefit.toml").write_text(OWN, encoding="utf-8")

    code, out, err = run("compress", photo, "--for", "passport", "-o", "form.jpg")
    listed = run("presets")[1]

    assert (code, err) == (0, [])
    assert out[0].startswith("form.jpg: ")
    picture = opened((photo.parent / "form.jpg").read_bytes())
    assert (picture.size, picture.info["dpi"]) == ((41, 53), (300, 300))
    assert len(listed) == 2 + len(shipped_presets())
    assert listed[-1].split() == [
        "passport",
        "2KB..9KB",
        "41x53",
        "cover",
        "any",
        "2020-05",
        "https://example.org/form",
    ]


@pytest.mark.usefixtures("inside")
def test_old_limits_are_warned_of(run, photo):
    """Two thirds of such limits changed within two years; the warning names the source to look at."""
    (photo.parent / ".bytefit.toml").write_text(OWN, encoding="utf-8")

    code, out, err = run("presets", "--check-age", 365 * 5)
    fine = run("presets", "--check-age", 365 * 200)

    assert (code, len(out)) == (1, 2 + len(shipped_presets()))
    assert re.fullmatch(r"bytefit: passport was read \d+ days ago: look at https://example.org/form, .*", err[-1])
    assert fine[0] == 0
    assert fine[2] == []


@pytest.mark.parametrize(
    ("name", "table", "message"),
    [
        ("form", {"to": "9KB", "enlarje": True}, "x [presets.form]: unknown key 'enlarje': did you mean 'enlarge'?"),
        ("form", {"box": "9x9"}, "x [presets.form]: to is missing: give the size or the range"),
        ("form", {"to": "9XB"}, "x [presets.form]: unknown unit 'XB' in size '9XB'"),
        ("form", {"to": "9KB", "box": "0x9"}, "x [presets.form]: box = '0x9' is not a box: give pixels"),
        ("form", {"to": "9KB", "read": "May"}, "x [presets.form]: read = 'May' is no date: write the month or the day"),
        ("form", {"to": "9KB", "source": 3}, "x [presets.form]: source = 3 is no text"),
        ("9form", {"to": "9KB"}, "x: preset name '9form': use small letters, digits and '-'"),
        ("form", "9KB", "x: presets.form is no table: write [presets.form] above its keys"),
    ],
)
def test_a_mistake_in_a_preset_is_one_line(name, table, message):
    """With its place, and what it takes."""
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}"):
        preset_from(name, table, "x")


def test_an_unknown_preset_is_told_the_nearest():
    """A typing error is the usual reason."""
    with pytest.raises(SizeSyntaxError, match="unknown preset 'discord-emojy': did you mean 'discord-emoji'"):
        bytefit.compress(photograph(), "discord-emojy", format="PNG")
    with pytest.raises(SizeSyntaxError, match="unknown preset 'nowhere': `bytefit presets` lists them"):
        bytefit.compress(photograph(), "nowhere", format="PNG")
