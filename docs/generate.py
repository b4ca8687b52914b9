"""Write docs/reference/*.md from the code, so that the reference cannot say anything else than the code does.

    python docs/generate.py

The pages are committed, because they are read on the forge as they are; a test fails when one is out of date. What is
taken from inside the package is imported here and nowhere else in docs/.
"""

from __future__ import annotations

import argparse
import inspect
import json
import re
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bytefit
from bytefit import codecs, errors, reporters
from bytefit.cli.main import _parser as command_line
from bytefit.cli.options import FINE, OVER, WRONG
from bytefit.codecs import BY_PLUGIN, CODECS
from bytefit.codecs.mode_table import table as mode_table
from bytefit.formats import REFUSED_FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

REFERENCE = Path(__file__).resolve().parent / "reference"
CONFIGURATION_SCHEMA = ("bytefit.budgets", "configuration.schema.json")
REPORT_SCHEMA = ("bytefit.reporters", "report.schema.json")

NOTICE = "<!-- Written by docs/generate.py from the code; do not edit. -->"

FUNCTIONS = (
    "compress",
    "compress_file",
    "batch",
    "run_shard",
    "register",
    "unregister",
    "register_codec",
    "parse_size",
    "format_size",
)
RECORDS = ("Result", "Outcome", "Trial", "Frames", "Codec")

# The records that a codec is made of, in `bytefit.codecs`.
CODEC_PARTS = ("Modes", "SaveOptions", "Lossless", "SeedingHints", "SourceKnowledge", "Holds", "Container", "Padding")
CODEC_PARTS += ("AuxiliaryImages", "TrailingData", "Variants")
CODEC_PARTS += ("Descriptions", "Density", "Text")

# Extras that bring a plugin of Pillow.
PLUGINS = {"HEIF": "bytefit[heif]", "JXL": "bytefit[jxl]"}

# Who reads each report; one that is missing here is an error.
REPORT_READERS = {
    "text": "People. It is a table, with the files furthest over their budget first.",
    "json": "Programs. The keys are below.",
    "github": "GitHub Actions. It annotates the worst files and writes the whole table to the step summary.",
    "sarif": "GitHub code scanning, and other tools that read SARIF 2.1.0.",
    "junit": "GitLab, Jenkins and Azure, as JUnit XML.",
    "codequality": "The Code Quality widget of GitLab merge requests.",
    "markdown": "People, in a comment on a pull request. It is empty if nothing fails and no image has changed.",
    "html": "People who review images: one page with every image before and after.",
    reporters.FOLDER: "The same as a folder of files, for Jenkins and for thousands of images: `html-dir=DIR`.",
}

_SECTION = re.compile(r"^(Args|Attributes|Raises|Returns):$", flags=re.MULTILINE)
_ENTRY = re.compile(r"^([\w.]+(?:, [\w.]+)*): (.*)$", flags=re.DOTALL)


def pages() -> dict[str, str]:
    """Return the text of every generated page by its file name."""
    made = {
        "python.md": _python(),
        "command-line.md": _command_line(),
        "configuration.md": _configuration(),
        "reports.md": _reports(),
        "exit-codes.md": _exit_codes(),
        "formats.md": _formats(),
    }
    return {name: f"{NOTICE}\n\n{text.strip()}\n" for name, text in made.items()}


# Python


def _python() -> str:
    sections = [
        "# Python API",
        (
            "`import bytefit` loads only the package itself; Pillow is loaded with the first name that needs it. "
            "`import bytefit.auto` is the same as `bytefit.register()`."
        ),
        "## Functions",
        *(_function(name, getattr(bytefit, name)) for name in FUNCTIONS),
        "## Records",
        *(_record(name, getattr(bytefit, name)) for name in RECORDS),
        *(_record(f"codecs.{name}", getattr(codecs, name)) for name in CODEC_PARTS),
        "## Errors",
        _fenced(_indented_lines(inspect.getdoc(errors) or "")),
        *(_error(name) for name in bytefit.__all__ if name not in (*FUNCTIONS, *RECORDS)),
    ]
    return "\n\n".join(sections)


def _function(name: str, function: Callable[..., Any]) -> str:
    return f"### `bytefit.{name}`\n\n{_fenced(_signature(name, function))}\n\n{_docstring(function)}"


def _signature(name: str, function: Callable[..., Any]) -> str:
    signature = inspect.signature(function)
    arguments: list[str] = []
    for argument in signature.parameters.values():
        if argument.kind is argument.KEYWORD_ONLY and "*" not in arguments:
            arguments.append("*")
        prefix = "**" if argument.kind is argument.VAR_KEYWORD else ""
        default = "" if argument.default is argument.empty else f" = {argument.default!r}"
        arguments.append(f"{prefix}{argument.name}: {argument.annotation}{default}".replace("'", '"'))
    answer = f" -> {signature.return_annotation}"
    line = f"{name}({', '.join(arguments)}){answer}"
    if len(line) <= 100:  # noqa: PLR2004  (columns)
        return line
    return "\n".join([f"{name}(", *(f"    {argument}," for argument in arguments), f"){answer}"])


def _record(name: str, record: type) -> str:
    own = vars(record)
    members = [
        f"* `{member}`: {_first_sentence(value)}"
        for member, value in own.items()
        if isinstance(value, property) and not member.startswith("_")
    ]
    methods = [
        f"* `{member}()`: {_first_sentence(value)}"
        for member, value in own.items()
        if inspect.isfunction(value) and not member.startswith("_")
    ]
    text = f"### `bytefit.{name}`\n\n{_docstring(record)}"
    if members:
        text += "\n\nProperties:\n\n" + "\n".join(members)
    if methods:
        text += "\n\nMethods:\n\n" + "\n".join(methods)
    return text


def _error(name: str) -> str:
    error = getattr(bytefit, name)
    return f"### `bytefit.{name}`\n\n{_docstring(error)}"


def _docstring(thing: object) -> str:
    """Return a docstring as Markdown; its sections become lists."""
    text = inspect.getdoc(thing) or ""
    parts = _SECTION.split(text)
    written = [_escaped(parts[0].strip())]
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        entries, rest = _entries(body)
        name = {"Args": "Arguments", "Attributes": "Attributes", "Raises": "Raises", "Returns": "Returns"}[title]
        written.append(f"{name}:\n\n" + "\n".join(f"* {_code(names)}: {_escaped(said)}" for names, said in entries))
        if rest:
            written.append(_escaped(rest))
    return "\n\n".join(written)


def _entries(body: str) -> tuple[list[tuple[str, str]], str]:
    """Return the (names, text) entries of a docstring's section, and what follows it."""
    lines = body.strip("\n").splitlines()
    inside = [line for line in lines if line.startswith("    ") or not line]
    rest = [line for line in lines if line and not line.startswith("    ")]
    joined: list[str] = []
    for line in (line[4:] for line in inside if line):
        if line.startswith(" ") and joined:
            joined[-1] += " " + line.strip()
        else:
            joined.append(line.strip())
    matches = [match for entry in joined if (match := _ENTRY.match(entry))]
    return [(match[1], match[2]) for match in matches], " ".join(rest)


def _first_sentence(thing: object) -> str:
    text = (inspect.getdoc(thing) or "").split("\n\n", maxsplit=1)[0]
    return _escaped(" ".join(text.split()))


# The command line


def _command_line() -> str:
    parser = command_line()
    sections = [
        "# Command line",
        (
            "`bytefit` and `python -m bytefit` are the same. `bytefit --version` prints the version, "
            "`bytefit COMMAND --help` the options of a command. "
            "[Exit codes](exit-codes.md) has what each command returns."
        ),
        *_commands("bytefit", parser, ""),
    ]
    return "\n\n".join(sections)


def _commands(prog: str, parser: argparse.ArgumentParser, said: str) -> Iterator[str]:
    """Yield a section for every command below a parser, or for the parser itself if it has none."""
    below = next((action for action in parser._actions if isinstance(action, argparse._SubParsersAction)), None)  # noqa: SLF001
    if below is None:
        yield _command(prog, parser, said)
        return
    helped = {action.dest: action.help or "" for action in below._choices_actions}  # noqa: SLF001
    for name, command in below.choices.items():
        yield from _commands(f"{prog} {name}", command, helped.get(name, ""))


def _command(prog: str, parser: argparse.ArgumentParser, said: str) -> str:
    actions = [action for action in parser._actions if not isinstance(action, argparse._HelpAction)]  # noqa: SLF001
    words = [_usage(action) for action in actions if not action.option_strings or action.required]
    usage = " ".join([prog, "[options]", *sorted(words, key=lambda word: not word.startswith("-"))])
    rows = [[_code(_names(action)), _meaning(action)] for action in actions]
    return (
        f"## `{prog}`\n\n{_capitalised(_escaped(said))}.\n\n{_fenced(usage)}\n\n{_table(('argument', 'meaning'), rows)}"
    )


def _usage(action: argparse.Action) -> str:
    value = _value(action)
    if action.option_strings:
        return f"{action.option_strings[-1]} {value}"
    return {"*": f"[{value} ...]", "+": f"{value} [{value} ...]"}.get(str(action.nargs), value)


def _value(action: argparse.Action) -> str:
    if action.choices:
        return "{" + ",".join(map(str, action.choices)) + "}"
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    return "" if action.nargs == 0 else metavar


def _names(action: argparse.Action) -> str:
    if not action.option_strings:
        return _usage(action)
    return ", ".join(f"{name} {_value(action)}".strip() for name in action.option_strings)


def _meaning(action: argparse.Action) -> str:
    texts = {"folder": "the folder of images", "folders": "the folders of images", "path": "the image file"}
    own = {"cache": "where measurements are kept between runs"}
    return _escaped(action.help or texts.get(action.dest) or own.get(action.dest, ""))


# Configuration and reports


def _configuration() -> str:
    schema = _schema(*CONFIGURATION_SCHEMA)
    rules, totals, presets = (schema["properties"][name] for name in ("rules", "totals", "presets"))
    keys = {name: value for name, value in schema["properties"].items() if name not in {"rules", "totals", "presets"}}
    sections = [
        "# Configuration",
        (
            "bytefit reads the nearest `.bytefit.toml`, or `[tool.bytefit]` in the nearest pyproject.toml, from the "
            "working directory upwards. In pyproject.toml the tables below are `[[tool.bytefit.rules]]` and "
            "`[[tool.bytefit.totals]]`. An unknown key is an error that names the nearest valid key."
        ),
        (
            "[examples/bytefit.toml](../../examples/bytefit.toml) is a configuration with every key. Editors check a "
            "configuration against [the JSON schema](../../src/bytefit/budgets/configuration.schema.json)."
        ),
        "## Top level",
        _keys(schema, keys),
        "## `[[rules]]`",
        rules["description"],
        _keys(schema, rules["items"]["properties"], required=rules["items"]["required"]),
        "## `[[totals]]`",
        totals["description"],
        _keys(schema, totals["items"]["properties"], required=totals["items"]["required"]),
        "## `[presets.NAME]`",
        f"{presets['description']} [Limits by name](../how-to/presets.md) has an example.",
        _keys(
            schema,
            presets["additionalProperties"]["properties"],
            required=presets["additionalProperties"]["required"],
        ),
    ]
    return "\n\n".join(sections)


def _keys(schema: Mapping[str, Any], keys: Mapping[str, Any], required: Sequence[str] = ()) -> str:
    rows = []
    for name, value in keys.items():
        reference = value.get("$ref", "").removeprefix("#/$defs/")
        found = {**schema["$defs"].get(reference, {}), **value}
        while "description" not in found or "type" not in found:
            below = found.get("$ref", "").removeprefix("#/$defs/")
            if below not in schema["$defs"] or below == reference:
                break
            reference = below
            found = {**schema["$defs"][below], **{key: one for key, one in found.items() if key != "$ref"}}
            found.setdefault("$ref", schema["$defs"][below].get("$ref", ""))
        default = "required" if name in required else _json(found["default"]) if "default" in found else ""
        rows.append([f"`{name}`", _kind(found, reference), default, _escaped(found.get("description", ""))])
    return _table(("key", "value", "default", "meaning"), rows)


def _kind(found: Mapping[str, Any], reference: str) -> str:
    """Return in words what a key may hold."""
    if "enum" in found or "const" in found:
        return ", ".join(_json(one) for one in found.get("enum", [found.get("const")]))
    if "globs" in reference:
        return "list of globs"
    if "oneOf" in found:
        return "text or whole number"
    kinds = found.get("type", "")
    names = {
        "boolean": "`true` or `false`",
        "integer": "whole number",
        "number": "number",
        "string": "text",
        "array": "list",
        "object": "table" if "save option" in str(found.get("description")) else "object",
        "null": "`null`",
    }
    return " or ".join(names[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _reports() -> str:
    schema = _schema(*REPORT_SCHEMA)
    rows = [[f"`{name}`", REPORT_READERS[name]] for name in (*reporters.FORMATS, reporters.FOLDER)]
    nested = {name: value["items"] for name, value in schema["properties"].items() if "items" in value}
    comparison = schema["properties"]["comparison"]["properties"]
    sections = [
        "# Reports",
        (
            "`bytefit check --report FORMAT` prints a report; `--report FORMAT=FILE` writes it to a file. "
            "The option may be repeated. Without it `check` prints `text`. `bytefit fix` has the same reports: they "
            "say what it did with each file, and their findings are the files that are still over budget."
        ),
        _table(("format", "who reads it"), rows),
        "## `json`",
        (
            f"{schema['description']} "
            "[report.schema.json](../../src/bytefit/reporters/report.schema.json) is the schema. "
            "`version` changes when a program that reads the report would have to change."
        ),
        _properties(schema["properties"]),
        *(
            f"### Each of `{name}`\n\n{_properties(items['properties'])}"
            for name, items in nested.items()
            if "properties" in items
        ),
        f"### `comparison`\n\n{_properties(comparison)}",
        f"### Each of `comparison.totals`\n\n{_properties(comparison['totals']['items']['properties'])}",
    ]
    return "\n\n".join(sections)


def _properties(properties: Mapping[str, Any]) -> str:
    rows = [
        [f"`{name}`", _kind(value, ""), _escaped(value.get("description", ""))] for name, value in properties.items()
    ]
    return _table(("key", "value", "meaning"), rows)


def _exit_codes() -> str:
    rows = [
        [str(FINE), "Everything fits. `bench`, `train` and `models` have finished."],
        [
            str(OVER),
            (
                "`compress` cannot fit the image, or wrote one that is over (`--on-unreachable smallest`). "
                "`check` found an image or a total over its budget. "
                "`fix` found an image over its budget, whether it could repair it or not. "
                "`models --check` found that training again pays."
            ),
        ],
        [str(WRONG), "Wrong usage, a wrong configuration, or a file that cannot be read or written."],
        ["130", "Interrupted by the keyboard. No file is left half written."],
    ]
    return f"""\
# Exit codes

{_table(("code", "meaning"), rows)}

`fix` ends with {OVER} after a successful repair, so that pre-commit stops and somebody looks at the image. The second
run ends with {FINE}:

```console
$ bytefit fix photo.jpg --max-size 200KB; echo "exit code $?"
fixed photo.jpg: 298.3 kB -> 190.9 kB (JPEG quality 80.5, 1 trial, 0.06 s)
1 rewritten, 104 kB saved: review them, 'git add' them whole, and commit again
exit code {OVER}
$ bytefit fix photo.jpg --max-size 200KB; echo "exit code $?"
exit code {FINE}
```

A budget that cannot be reached and a wrong option have different codes:

```console
$ bytefit compress photo.jpg --to 2KB 2> messages.txt; echo "exit code $?"
exit code {OVER}
$ bytefit compress photo.jpg --to 2KO 2> messages.txt; echo "exit code $?"
exit code {WRONG}
```"""


# Formats


def _formats() -> str:
    rows = [
        [
            codec.format,
            ", ".join(f"`{suffix}`" for suffix in codec.suffixes),
            _quality(codec.ladder),
            "yes" if codec.modes.alpha else "no",
            "animations" if codec.holds.frames else "pages" if codec.holds.pages else "one image",
            f"{codec.holds.max_side:,}",
            f"`{PLUGINS[codec.format]}`" if codec.format in PLUGINS else "",
        ]
        for codec in CODECS + BY_PLUGIN
    ]
    options = [
        [
            codec.format,
            _codes(codec.save_options.allowed - codec.save_options.steered),
            _codes(codec.save_options.steered),
        ]
        for codec in CODECS + BY_PLUGIN
    ]
    refused = [[name, reason] for name, reason in REFUSED_FORMATS.items()]
    sections = [
        "# Formats and modes",
        "## Formats",
        (
            "The quality is the codec's own scale; the scales of two codecs cannot be compared. "
            "A rung is a setting that the search can choose. TIFF has one because it is lossless. In PNG 100 is "
            "lossless, 91 to 99 are [nearly lossless](../explanation/nearly-lossless.md), and 20 to 90 are palettes of "
            "2 to 256 colours. WebP has these qualities from 53 on as well, for images whose source is lossless."
        ),
        _table(("format", "suffixes", "quality", "transparency", "holds", "most pixels a side", "needs"), rows),
        "## Save options",
        (
            "Any option of Pillow's writer that is listed here may be given to `compress`, `compress_file` and `save`, "
            "and is used in every encode. The search sets the others itself; they are refused."
        ),
        _table(("format", "you may set", "the search sets"), options),
        "## Modes",
        (
            "This is what bytefit does with an image of each of Pillow's modes: it keeps the mode, converts it without "
            "loss (or nearly so), or refuses the image."
        ),
        mode_table(),
        "## Refused formats",
        (
            "bytefit cannot write these formats. `check` reports such files when they are over their budget, and `fix` "
            "leaves them as they are."
        ),
        _table(("format", "reason"), refused),
        (
            "It also refuses damaged files; images with a high dynamic range in PNG, AVIF or WebP; and TIFF files with "
            "further images in subdirectories."
        ),
        "[register_codec](../how-to/own-format.md) adds a format that Pillow writes.",
    ]
    return "\n\n".join(sections)


def _quality(ladder: Sequence[float]) -> str:
    if len(ladder) == 1:
        return f"{ladder[0]:g} only"
    return f"{ladder[0]:g} to {ladder[-1]:g}, {len(ladder)} rungs"


# Markdown


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _fenced(text: str) -> str:
    return f"```text\n{text}\n```"


def _code(names: str) -> str:
    return f"`{names}`"


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _json(value: object) -> str:
    return f"`{json.dumps(value)}`"


def _escaped(text: str) -> str:
    """Return text in which Markdown reads nothing but code between backticks."""
    parts = text.split("`")
    return "`".join(
        part if at % 2 else re.sub(r"([<*\[\]]|(?<!\w)_|_(?!\w))", r"\\\1", part) for at, part in enumerate(parts)
    )


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _indented_lines(text: str) -> str:
    """Return the indented lines of a docstring, without their indent."""
    return "\n".join(line[4:] for line in text.splitlines() if line.startswith("    "))


def _schema(package: str, name: str) -> dict[str, Any]:
    return dict(json.loads((resources.files(package) / name).read_text(encoding="utf-8")))


def main() -> None:
    """Write the pages that differ from those there are."""
    REFERENCE.mkdir(exist_ok=True)
    for name, text in pages().items():
        path = REFERENCE / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(path)


if __name__ == "__main__":
    main()
