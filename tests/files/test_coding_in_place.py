"""How a file is coded in place, and the save options that a hook or a command line may give."""

from __future__ import annotations

import pytest
from PIL import Image

import bytefit
from bytefit.cli.main import main
from bytefit.codecs import BY_PLUGIN, CODECS
from bytefit.codecs.jpeg.markers import is_progressive
from bytefit.options import OWN_OPTIONS
from bytefit.options.save_options import SAVE_OPTIONS
from images import photograph, screenshot, write_jpeg


def shrunk(path, share=0.5, **options):
    """Fit a file in place to a share of its bytes, and return whether it has progressive scans then."""
    outcome = bytefit.compress_file(path, int(path.stat().st_size * share), **options)
    assert outcome.changed
    assert outcome.fits
    return is_progressive(path.read_bytes())


@pytest.mark.parametrize("progressive", [True, False])
@pytest.mark.parametrize("share", [0.97, 0.6])
def test_a_baseline_file_stays_baseline_in_place(progressive, share, tmp_path):
    """Some frames and printers show baseline files only; the lossless path must not change that either."""
    path = write_jpeg(tmp_path / "a.jpg", photograph((300, 200)), progressive=progressive, quality=95)

    assert shrunk(path, share) is progressive


@pytest.mark.parametrize("share", [0.97, 0.6])
def test_the_scans_change_in_place_when_they_are_asked_for(share, tmp_path):
    """The file says how it was coded, but the user has the last word."""
    baseline = write_jpeg(tmp_path / "a.jpg", photograph((300, 200)), quality=95)
    progressive = write_jpeg(tmp_path / "b.jpg", photograph((300, 200)), progressive=True, quality=95)

    assert shrunk(baseline, share, progressive=True)
    assert not shrunk(progressive, share, progressive=False)


def test_effort_best_makes_baseline_files_where_they_are_asked_for():
    """Its progressive scans are found afterwards, whatever the encoder was told."""
    result = bytefit.compress(photograph(), "4KB", format="JPEG", effort="best", progressive=False)

    assert not is_progressive(result.data)


def test_another_file_is_progressive_as_before(tmp_path):
    """Only in place the coding of the source matters: elsewhere smaller is better."""
    path = write_jpeg(tmp_path / "a.jpg", photograph((300, 200)), quality=95)

    bytefit.compress_file(path, "9KB", output=tmp_path / "b.jpg")

    assert is_progressive((tmp_path / "b.jpg").read_bytes())


def test_save_options_are_given_on_the_command_line(tmp_path, monkeypatch, capsys):
    """They are typed as in Python, may be repeated, and reach the encoder."""
    monkeypatch.chdir(tmp_path)
    write_jpeg(tmp_path / "a.jpg", photograph((300, 200)), quality=95)

    asked = ["--option", "progressive=false", "--option", "subsampling=4:4:4"]
    code = main(["compress", "a.jpg", "--to", "9KB", "-o", "b.jpg", *asked])

    assert code == 0, capsys.readouterr().err
    assert not is_progressive((tmp_path / "b.jpg").read_bytes())
    with Image.open(tmp_path / "b.jpg") as image:
        assert image.layer[0][1:3] == (1, 1)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("progressive", "'progressive' has no value: write NAME=VALUE, such as progressive=false"),
        ("progresive=true", "unknown save option 'progresive': did you mean 'progressive'?"),
        ("resize=true", "unknown save option 'resize' is an option of its own"),
        ("progressive=maybe", "progressive 'maybe' is neither true nor false"),
        ("method=7", "method '7' is not a whole number from 0 to 6"),
        ("smooth=1.5", "smooth '1.5' is not a whole number from 0 to 100"),
        ("restart_marker_rows=-1", "restart_marker_rows '-1' is not a whole number from 0 up"),
        ("range=half", "range 'half': use one of full, limited"),
    ],
)
def test_a_wrong_save_option_is_one_line(written, message, tmp_path, monkeypatch, capsys):
    """What is wrong has to be said before the image is read."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as ended:
        main(["compress", "a.jpg", "--to", "9KB", "--option", written])

    assert ended.value.code == 2
    assert f"argument --option: {message}; see" in capsys.readouterr().err


def test_python_checks_the_types_too():
    """A text that is not empty would pass for True."""
    with pytest.raises(bytefit.OptionError, match=r"^progressive 'no' is neither True nor False$"):
        bytefit.compress(photograph(), "9KB", format="JPEG", progressive="no")
    with pytest.raises(bytefit.OptionError, match=r"^method 7 is not a whole number from 0 to 6$"):
        bytefit.compress(photograph(), "9KB", format="WEBP", method=7)


def test_a_rule_may_have_save_options_for_several_formats(tmp_path, monkeypatch, capsys):
    """A format must ignore what is meant for another, and the command line must win."""
    monkeypatch.chdir(tmp_path)
    config = 'max-size = "9KB"\nsave-options = { progressive = true, method = 0, dither = 1 }\n'
    (tmp_path / ".bytefit.toml").write_text(config, encoding="utf-8")
    paths = [write_jpeg(tmp_path / name, photograph((300, 200)), quality=95) for name in ("a.jpg", "b.jpg")]
    screenshot((300, 200)).save(tmp_path / "c.png", compress_level=0)

    main(["fix", "a.jpg", "c.png"])
    main(["fix", "b.jpg", "--option", "progressive=false"])

    assert "skipped" not in capsys.readouterr().out
    assert [is_progressive(path.read_bytes()) for path in paths] == [True, False]


def test_every_save_option_belongs_to_a_format():
    """The table must name what the codecs know, and nothing that is an option of bytefit."""
    known = {name for codec in (*CODECS, *BY_PLUGIN) for name in codec.save_options.allowed}

    assert set(SAVE_OPTIONS) <= known
    assert not set(SAVE_OPTIONS) & OWN_OPTIONS
