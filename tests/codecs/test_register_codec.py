"""A codec of one's own: registered, it works like those that bytefit brings."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from PIL import Image, ImageFile

import bytefit
from bytefit import BudgetUnreachable, OptionError, UnsupportedImage, codecs, formats
from bytefit.cli.main import main
from bytefit.codecs import (
    Codec,
    Container,
    Holds,
    Modes,
    Padding,
    SaveOptions,
    SeedingHints,
    Variants,
    codec_for_format,
    format_for_suffix,
    known_codecs,
)
from bytefit.codecs.jpeg.codec import JPEG
from images import encoded, graphic, noise, photograph

MAGIC = b"POSTERS1"
SHADES = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)


class PosterFile(ImageFile.ImageFile):
    """A format that nobody knows: a word, and a PNG of a picture in few shades."""

    format = "POSTER"
    format_description = "pictures in few shades"

    def _open(self):
        if self.fp.read(len(MAGIC)) != MAGIC:
            raise SyntaxError("not a poster")
        with Image.open(BytesIO(self.fp.read()), formats=["PNG"]) as inner:
            inner.load()
        self._mode, self._size = inner.mode, inner.size
        self.tile = []
        self._inner = inner

    def load(self):
        """Take over the pixels of the PNG."""
        self.im = self._inner.im
        return super().load()


def poster(picture, options):
    """Return the file of a picture in as many shades a channel."""
    step = 255 / (options["shades"] - 1)
    table = [round(round(value / step) * step) for value in range(256)] * len(picture.getbands())
    return MAGIC + encoded(picture.point(table), "PNG", compress_level=options.get("level", 6))


POSTER = Codec(
    format="POSTER",
    suffixes=(".poster", ".pst"),
    ladder=tuple(float(shades) for shades in SHADES),
    setting=lambda quality, _mode: {"shades": int(quality)},
    encode=poster,
    mean_bits=((2, 1), (16, 5), (256, 18)),
    modes=Modes(opaque={"RGB": "RGB", "P": "RGB", "L": "L", "1": "L"}, refused={"CMYK": "it has inks"}),
    save_options=SaveOptions(
        steered=frozenset({"shades"}),
        allowed=frozenset({"level"}),
        efforts={"fast": {"level": 1}, "normal": {}, "best": {"level": 9}},
    ),
    hints=SeedingHints(header=lambda _quality, _mode: 65),
    holds=Holds(max_side=5000),
)


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    """Leave neither Pillow's tables nor bytefit's with anything of these tests in them."""
    Image.init()
    for module, name in ((codecs, "_registered"), (formats, "_registered"), (formats, "SUFFIXES")):
        monkeypatch.setattr(module, name, dict(getattr(module, name)))
    for name in ("ID", "OPEN", "EXTENSION", "MIME"):
        table = getattr(Image, name)
        monkeypatch.setattr(Image, name, table.copy())
    yield
    bytefit.unregister()


@pytest.fixture
def registered():
    """Teach Pillow to read the format, and bytefit to steer it."""
    Image.register_open("POSTER", PosterFile, lambda start: start.startswith(MAGIC))
    Image.register_extension("POSTER", ".poster")
    bytefit.register_codec(POSTER)


def opened(data):
    """Return the picture in `data`, decoded."""
    picture = Image.open(BytesIO(data))
    picture.load()
    return picture


def test_unregistered_it_is_refused_with_the_way_to_register_it():
    """Whoever has a format of his own reads how it is taken."""
    with pytest.raises(UnsupportedImage, match=r"POSTER cannot be fitted.*bytefit\.register_codec takes one"):
        bytefit.compress(photograph(), 5000, format="POSTER")
    with pytest.raises(UnsupportedImage, match=r"no image format has the suffix '\.poster'"):
        format_for_suffix(".poster")


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("budget", [4500, 6000, 20_000])
@pytest.mark.parametrize("slack", [0, 0.2])
def test_it_is_searched_like_any_other(budget, slack):
    """The answer fits, is proven, and is what its setting makes."""
    picture = photograph()

    result = bytefit.compress(picture, budget, format="poster", slack=slack)

    again = opened(result.data)
    assert (result.format, again.format, again.size) == ("POSTER", "POSTER", picture.size)
    assert result.size <= budget
    assert poster(picture, result.setting) == result.data
    assert result.proven or result.size >= (1 - slack) * budget
    if slack == 0:
        following = SHADES[SHADES.index(result.quality) + 1]
        assert len(poster(picture, {"shades": following})) > budget


@pytest.mark.usefixtures("registered")
def test_its_limits_are_told_like_any_others():
    """Budgets out of reach, modes it cannot hold, options nobody knows."""
    with pytest.raises(BudgetUnreachable, match=r"quality 2\); allow resize"):
        bytefit.compress(noise(), 1000, format="POSTER")
    with pytest.raises(UnsupportedImage, match="cannot write mode CMYK as POSTER: it has inks"):
        bytefit.compress(photograph(mode="CMYK"), 9000, format="POSTER")
    with pytest.raises(UnsupportedImage, match="POSTER cannot hold transparency"):
        bytefit.compress(graphic(), 9000, format="POSTER")
    with pytest.raises(OptionError, match="cannot set 'shades' with a target size"):
        bytefit.compress(photograph(), 9000, format="POSTER", shades=4)
    with pytest.raises(OptionError, match="unknown option 'levle' for POSTER: did you mean 'level'"):
        bytefit.compress(photograph(), 9000, format="POSTER", levle=4)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    "options", [{"resize": True, "max_width": 60}, {"effort": "best"}, {"min_quality": 4}, {"level": 1}], ids=str
)
def test_it_takes_the_options_of_all(options):
    """Those of `compress`, and its own."""
    result = bytefit.compress(photograph(), 6000, format="POSTER", **options)

    assert result.size <= 6000
    assert opened(result.data).width <= options.get("max_width", 144)
    assert result.setting.get("level", 6) == {"best": 9}.get(options.get("effort"), options.get("level", 6))
    assert result.quality >= options.get("min_quality", 2)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("name", ["hero.poster", "hero.PST"])
def test_save_with_a_target_knows_its_suffixes(tmp_path, name):
    """Also those that Pillow has not been told of."""
    bytefit.register()

    photograph().save(tmp_path / name, target_size=6000)

    assert opened((tmp_path / name).read_bytes()).format == "POSTER"
    assert (tmp_path / name).stat().st_size <= 6000


@pytest.mark.usefixtures("registered")
def test_files_of_it_are_fitted_in_place(tmp_path):
    """By what they begin with; and the second time nothing is to be done."""
    path = tmp_path / "picture.bin"
    path.write_bytes(poster(photograph(), {"shades": 256}))

    outcome = bytefit.compress_file(path, 6000)
    again = bytefit.compress_file(path, 6000)

    assert path.stat().st_size == outcome.after <= 6000
    assert opened(path.read_bytes()).format == outcome.result.format == "POSTER"
    assert (outcome.changed, again.changed) == (True, False)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("output", ["small.poster", "small.pst", "small.webp"])
def test_the_command_line_knows_its_suffixes(tmp_path, capsys, output):
    """To it and from it."""
    source = tmp_path / "photo.img"
    data = encoded(photograph(), "PNG") if output != "small.webp" else poster(photograph(), {"shades": 256})
    source.write_bytes(data)

    code = main(["compress", str(source), "--to", "6000", "-o", str(tmp_path / output), "--json"])

    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert told["format"] == ("WEBP" if output == "small.webp" else "POSTER")
    assert opened((tmp_path / output).read_bytes()).format == told["format"]
    assert (tmp_path / output).stat().st_size == told["size"] <= 6000


@pytest.mark.usefixtures("registered")
def test_it_may_be_among_those_that_are_chosen_from():
    """Where it is named: it is not one that browsers show."""
    result = bytefit.compress(photograph((64, 48)), 3000, format="auto", formats=["POSTER"])

    assert result.format == "POSTER"
    assert bytefit.compress(photograph((64, 48)), 3000, format="auto").format != "POSTER"


@pytest.mark.usefixtures("registered")
def test_an_exact_size_is_refused_where_padding_is_unknown():
    """Padding goes inside the container, and bytefit knows nothing of this one."""
    with pytest.raises(bytefit.ConfigError, match=r"^cannot pad POSTER files to an exact size; leave exact out$"):
        bytefit.compress(photograph(), 6000, format="POSTER", exact=True)


@pytest.mark.usefixtures("registered")
def test_an_exact_size_is_made_with_the_codecs_own_padding():
    """A codec may declare how its files are padded, and the result has exactly the budget."""
    padding = Padding(least=0, fill=lambda data, missing: data + bytes(missing))
    bytefit.register_codec(POSTER._replace(container=Container(padding=padding)))

    result = bytefit.compress(photograph(), 6000, format="POSTER", exact=True)

    assert result.size == 6000
    assert opened(result.data).size == photograph().size


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("name", ["big.poster", "big.PST"])
def test_check_reports_files_over_budget_like_any_other(tmp_path, monkeypatch, capsys, name):
    """A folder is searched for the suffixes of a registered format, and each report names the format."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(poster(photograph(), {"shades": 256}))
    (tmp_path / "notes.poster").write_bytes(b"not a poster" * 1000)

    code = main(["check", ".", "--max-size", "6KB", "--report", "json"])

    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert code == 1
    assert (finding["path"], finding["format"], finding["remedy"]) == (name, "POSTER", "recompress")


@pytest.mark.usefixtures("registered")
def test_fix_recompresses_files_over_budget_like_any_other(tmp_path, monkeypatch, capsys):
    """The file fits afterwards and keeps its format; a second run has nothing to do."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "big.poster"
    path.write_bytes(poster(photograph(), {"shades": 256}))

    codes = [main(["fix", ".", "--max-size", "6KB"]) for _ in range(2)]

    assert codes == [1, 0]
    assert "big.poster" in capsys.readouterr().out
    assert path.stat().st_size <= 6000
    assert opened(path.read_bytes()).format == "POSTER"


@pytest.mark.parametrize("command", ["check", "fix"])
def test_files_of_a_format_that_is_not_registered_are_left_alone(tmp_path, monkeypatch, command):
    """Without a codec nobody asked for their sizes."""
    monkeypatch.chdir(tmp_path)
    data = poster(photograph(), {"shades": 256})
    (tmp_path / "big.poster").write_bytes(data)

    assert main([command, ".", "--max-size", "6KB"]) == 0
    assert (tmp_path / "big.poster").read_bytes() == data


def test_a_codec_without_a_container_has_that_of_the_built_in_format():
    """Another way to encode a format changes nothing of what its files carry, or how they are padded."""
    plain = JPEG._replace(container=Container(), variants=Variants())
    unaware = Codec(
        format="JPEG",
        suffixes=JPEG.suffixes,
        ladder=JPEG.ladder,
        setting=JPEG.setting,
        encode=JPEG.encode,
        mean_bits=JPEG.mean_bits,
        modes=JPEG.modes,
    )

    bytefit.register_codec(unaware)

    assert codec_for_format("JPEG").container is JPEG.container
    bytefit.register_codec(plain)
    assert codec_for_format("JPEG") is plain


def test_a_codec_that_is_brought_can_be_replaced():
    """The one registered is used, by name and by suffix, and stands once among all."""
    grey = JPEG._replace(modes=Modes(opaque={"RGB": "L", "L": "L"}), suffixes=(".jpg", ".grey"))

    bytefit.register_codec(grey)

    assert codec_for_format("jpg") is grey
    assert format_for_suffix(".GREY") == "JPEG"
    assert [codec.format for codec in known_codecs()].count("JPEG") == 1
    assert opened(bytefit.compress(photograph(), 5000, format="JPEG").data).mode == "L"


def test_registering_again_replaces():
    """The last one counts."""
    first, second = (POSTER._replace(holds=Holds(max_side=side)) for side in (10, 20))

    bytefit.register_codec(first)
    bytefit.register_codec(second)

    assert codec_for_format("POSTER") is second
    assert first not in known_codecs()


def test_a_format_of_pillows_can_be_given_a_codec():
    """PCX packs runs of equal bytes: fewer shades make it smaller."""
    shades = (2, 4, 8, 16, 32, 64, 128, 256)

    def encode(picture, options):
        step = 255 / (options["shades"] - 1)
        return encoded(picture.point([round(round(value / step) * step) for value in range(256)]), "PCX")

    bytefit.register_codec(
        POSTER._replace(
            format="PCX",
            suffixes=(".pcx",),
            ladder=tuple(map(float, shades)),
            encode=encode,
            modes=Modes(opaque={"RGB": "L", "L": "L"}),
            save_options=SaveOptions(),
        )
    )
    picture = photograph(mode="L")
    budget = len(encode(picture, {"shades": 16})) + 5

    result = bytefit.compress(picture, budget, format="PCX", slack=0)

    assert opened(result.data).format == "PCX"
    assert result.quality >= 16
    assert result.size <= budget
    assert result.proven
