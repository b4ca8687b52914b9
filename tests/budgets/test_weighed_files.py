"""SVG, PDF and what a rule names: weighed by `check`, totals and baseline, left alone by `fix`."""

from __future__ import annotations

from bytefit.cli.main import main

SVG = b"<svg xmlns='http://www.w3.org/2000/svg'>" + b"<path d='M0 0'/>" * 200 + b"</svg>"
CONFIG = """\
max-size = "1KB"
[[rules]]
files = ["film.mp4"]
max-size = "2KB"
[[totals]]
files = ["**/*.svg"]
max-size = "3KB"
"""


def test_svg_pdf_and_named_suffixes_are_weighed_and_left_alone(tmp_path, monkeypatch, capsys):
    """They count like images, but bytefit has no encoder for them: it names the tool that would help."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".bytefit.toml").write_text(CONFIG, encoding="utf-8")
    files = {"a.svg": SVG, "b.SVG": SVG, "page.pdf": b"%PDF-1.7" + bytes(1500), "film.mp4": bytes(3000), "n.txt": SVG}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)

    checked, report = main(["check"]), capsys.readouterr().out
    fixed, left = main(["fix"]), capsys.readouterr().out
    recorded = main(["check", "--write-baseline"])
    again = main(["check"])

    assert (checked, fixed, recorded, again) == (1, 1, 0, 0)
    assert all(name in report for name in ("a.svg", "b.SVG", "page.pdf", "film.mp4", "**/*.svg"))
    assert "n.txt" not in report
    assert "a.svg: SVG is weighed only: svgo makes it smaller" in left
    assert "page.pdf: PDF is weighed only: qpdf or Ghostscript make it smaller" in left
    assert "film.mp4: MP4 is weighed only: a tool for that format may make it smaller" in left
    assert {name: (tmp_path / name).read_bytes() for name in files} == files


def test_a_suffix_is_weighed_only_while_a_rule_names_it(tmp_path, monkeypatch, capsys):
    """What one configuration names must not count under another."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "film.mp4").write_bytes(bytes(3000))

    assert main(["check", "--max-size", "1KB"]) == 0
    assert capsys.readouterr().out == ""
