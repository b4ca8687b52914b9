"""The table of options: the check of each value, and everything written out elsewhere that has to agree with it."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bytefit
from bytefit.cli.main import _parser
from bytefit.errors import ConfigError
from bytefit.options import (
    EFFORTS,
    ENCODINGS,
    FITS,
    IN_CONFIGURATION,
    KEEPING_WHAT_FITS,
    ON_UNREACHABLE,
    OPTIONS,
    OWN_OPTIONS,
    POLICIES,
    FitOptions,
    Options,
    checked,
    options_from,
)
from images import photograph, write_jpeg

BY_NAME = {option.name: option for option in OPTIONS}
NAN, INFINITY = float("nan"), float("inf")

# Values that each option accepts, those at its bounds among them.
RIGHT = {
    "format": [None, "JPEG", "auto", "no format"],
    "formats": [None, [], ["WEBP", "JPEG"], ("PNG",), {"PNG"}],
    "slack": [0, 0.0, 0.05, 0.999],
    "min_quality": [None, 0, 12.25, 100],
    "min_score": [None, -(10**6), -50, 0, 90.5, 99.99],
    "resize": [True, False],
    "min_width": [None, 1, 10**9],
    "max_width": [None, 1, 10**9],
    "max_height": [None, 1, 10**9],
    "box": [None, "413x531", "1x1", "512x", "x512", "16:9", (413, 531), [1, 2]],
    "fit": FITS,
    "focus": [None, (0, 1), [0.5, 0.25]],
    "enlarge": [True, False],
    "dpi": [None, 1, 300, 65_535, (300, 72.5)],
    "effort": EFFORTS,
    "exact": [True, False],
    "min_size": [None, 1, "20KB", "1.5 MiB"],
    "encoding": ENCODINGS,
    "on_unreachable": ON_UNREACHABLE,
    "metadata": [*POLICIES, "keep-gps", "keep-gps-thumbnail-serial", "orientation+icc+copyright", "date"],
    "lossless": [True, False],
    "drop_extras": [True, False],
    "allow_frame_drop": [True, False],
    "background": [None, "white", "#fff", "#f0f0f0ff", "rgb(1, 2, 3)", "hsl(120, 50%, 50%)"],
    "colours": [None, "srgb"],
    "depth": [None, 8],
    "max_pixels": [None, 1, 10**9],
    "models": [None, "own", Path("own")],
}

# Values of the wrong type, for every option but those that accept them.
NUMBERS = st.integers() | st.floats() | st.sampled_from([0, 1, -1, 99.5, 100, 101, NAN, INFINITY, -INFINITY])
ANYTHING = (
    NUMBERS
    | st.none()
    | st.booleans()
    | st.text(max_size=100)
    | st.binary(max_size=3)
    | st.sampled_from(["no", "yes", "5%", "0.05", "KEEP", "smalest", "a\nb\x1b[31m", (300, 200), object(), [1], {}])
)


def options_with(name, value):
    """Return options with one value that is given, and with the option that it needs."""
    return Options()._replace(**needed_by(BY_NAME[name]), **{name: value})


def needed_by(option):
    """Return the option that another one needs, with its value."""
    name, value = option.needs or (None, None)
    return {} if name is None else {name: "9x9" if value is None else value}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in RIGHT for value in RIGHT[name]], ids=str)
def test_a_value_within_the_bounds_is_accepted(name, value):
    """Bounds belong to the range, except the ends that a message calls "less than" or "below"."""
    options = options_with(name, value)

    assert checked(options) is options


def test_every_option_has_values_here():
    """A new option needs its accepted values above, or nothing here tests it."""
    assert list(RIGHT) == [option.name for option in OPTIONS]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("format", 3, "format 3 is not the name of a format: give text such as 'JPEG', or 'auto'"),
        ("formats", "PNG", "formats 'PNG' is not a list of formats: give names such as ['WEBP', 'JPEG']"),
        ("formats", [3], "formats [3] is not a list of formats: give names such as ['WEBP', 'JPEG']"),
        ("slack", 1, "slack 1 is not a share of the budget: give a number from 0 to less than 1"),
        ("slack", "5%", "slack '5%' is not a share of the budget: give a number from 0 to less than 1"),
        ("slack", None, "slack None is not a share of the budget: give a number from 0 to less than 1"),
        ("slack", NAN, "slack nan is not a share of the budget: give a number from 0 to less than 1"),
        ("min_quality", 101, "min_quality 101 is not a quality: give a number from 0 to 100, on the codec's own scale"),
        ("min_score", 100, "min_score 100 is not on the scale of SSIMULACRA2: give a number below 100"),
        ("min_score", -INFINITY, "min_score -inf is not on the scale of SSIMULACRA2: give a number below 100"),
        ("resize", (300, 200), "resize (300, 200) is neither True nor False"),
        ("models", "", "models '' is not the path of a folder: give a folder that `bytefit train` has written"),
        ("models", 3, "models 3 is not the path of a folder: give a folder that `bytefit train` has written"),
        ("resize", "no", "resize 'no' is neither True nor False"),
        ("resize", 1, "resize 1 is neither True nor False"),
        ("lossless", "no", "lossless 'no' is neither True nor False"),
        ("exact", None, "exact None is neither True nor False"),
        ("min_size", 0, "min_size 0 is not a size: give a number and a unit, as in '20KB', or bytes"),
        ("min_size", "20 KO", "min_size '20 KO' is not a size: give a number and a unit, as in '20KB', or bytes"),
        ("encoding", "base32", "unknown encoding 'base32': use one of 'binary', 'base64', 'data-uri'"),
        ("min_width", 0, "min_width 0 is not a width in pixels: give a whole number from 1 up"),
        ("max_width", True, "max_width True is not a width in pixels: give a whole number from 1 up"),
        ("max_height", 99.0, "max_height 99.0 is not a height in pixels: give a whole number from 1 up"),
        ("effort", "slow", "unknown effort 'slow': use one of 'fast', 'normal', 'best'"),
        *(
            ("metadata", policy, f"metadata {policy!r} is not a metadata policy: give 'keep', 'strip', groups as in")
            for policy in ("KEEP", "keep-place", "keep-", "", "gps-serial", "keep+gps", "strip-gps", "icc+", 3)
        ),
        ("on_unreachable", None, "unknown on_unreachable None: use one of 'error', 'smallest'"),
        *(
            (
                "background",
                colour,
                f"background {colour!r} is not an opaque colour: give a name or a number such as 'white', '#f0f0f0'",
            )
            for colour in ("whit", "#12345", "#ffffff80", (255, 255, 255), "")
        ),
        ("colours", "rgb", "unknown colours 'rgb': use one of 'srgb'"),
        ("depth", 16, "depth 16 is not a depth that images are scaled to: give 8, the bits of a channel"),
        ("resize", "no" * 99, f"resize 'n{'on' * 29} ... is neither True nor False"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_expected(name, value, message):
    """The user has to see which option is wrong, what it was given and what to give instead."""
    with pytest.raises(ConfigError, match=re.escape(message)):
        checked(options_with(name, value))


def test_a_number_that_python_does_not_write_is_refused_all_the_same():
    """The message must not fail where `repr` does: for numbers of more than 4300 digits."""
    with pytest.raises(ConfigError, match=r"^slack of thousands of digits is not a share of the budget: give a number"):
        checked(Options(slack=10**5000))
    with pytest.raises(ConfigError, match=r"^min_width of thousands of digits is above max_width 1: "):
        checked(Options(resize=True, min_width=10**5000, max_width=1))


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
@given(value=ANYTHING)
def test_every_wrong_value_is_one_line_that_names_option_value_and_expectation(option, value):
    """A value is accepted or refused with one short line; nothing else may happen, whatever is given."""
    options = options_with(option.name, value)
    if option.accepts(value):
        checked(options)
        return

    with pytest.raises(ConfigError) as caught:
        checked(options)

    message = str(caught.value)
    assert message.removeprefix("unknown ").startswith(f"{option.name} ")
    assert message.endswith(option.refusal())
    assert len(message.splitlines()) == 1
    assert message.isprintable()
    assert len(message) < (350 if option.value_type == "policy" else 200)  # which names all groups
    if len(text := ascii(value) if not isinstance(value, int) else "") in range(1, 50) and text.isalnum():
        assert text in message


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_the_default_is_accepted_and_None_only_as_a_default(option):  # noqa: N802
    """None means "not given"; where another default holds, it is a mistake such as an empty variable."""
    assert option.accepts(option.default)
    assert option.accepts(None) == (option.default is None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"exact": True, "min_size": 9}, "exact conflicts with min_size, or a range: it pads to the target itself"),
        ({"min_width": 300}, "min_width needs resize=True"),
        ({"max_width": 300}, "max_width needs resize=True"),
        ({"max_height": 300, "resize": False}, "max_height needs resize=True"),
        (
            {"resize": True, "min_width": 301, "max_width": 300},
            "min_width 301 is above max_width 300: lower one or raise the other",
        ),
    ],
    ids=str,
)
def test_options_that_do_not_go_together_are_refused(options, message):
    """An option that would be ignored is a promise that is not kept."""
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}"):
        options_from(options)


@pytest.mark.parametrize(
    "options",
    [
        {"resize": True, "min_width": 300, "max_width": 300},
        {"resize": True, "min_width": 300, "max_height": 3},
        {"resize": True},
    ],
    ids=str,
)
def test_options_that_go_together_pass(options):
    """A width may be both the smallest and the largest."""
    assert options_from(options) == Options()._replace(**options)


def test_names_of_others_become_save_options():
    """Pillow's writers have options of their own, which a codec checks."""
    options = options_from({"slack": 0, "subsampling": 0, "save_options": 1})

    assert options == Options(slack=0, save_options={"subsampling": 0, "save_options": 1})


def test_the_choices_are_those_of_the_contract():
    """Configurations and callers rely on these names."""
    assert set(POLICIES) == {"keep", "strip", "orientation+icc"}
    assert set(ON_UNREACHABLE) == {"error", "smallest"}
    assert EFFORTS == ("fast", "normal", "best")


def test_the_table_the_record_and_the_keyword_arguments_have_the_same_options():
    """An option that is missing in one of the three would be unknown there."""
    fields = inspect.get_annotations(Options)
    keywords = {
        name: getattr(annotation, "__forward_arg__", annotation)
        for name, annotation in inspect.get_annotations(FitOptions).items()
    }

    assert [*(option.name for option in OPTIONS), "save_options"] == list(fields)
    assert keywords == {
        name: getattr(annotation, "__forward_arg__", annotation)
        for name, annotation in fields.items()
        if name not in {"format", "save_options"}  # a parameter of its own, and what is none of ours
    }
    assert FitOptions.__total__ is False


def test_compress_has_every_option_with_its_default_and_type():
    """Its signature is written out for readers and editors; it must not promise anything else than the table."""
    parameters = list(inspect.signature(bytefit.compress).parameters.values())
    image, target, *options, save_options = parameters
    types = {name: getattr(it, "__forward_arg__", it) for name, it in inspect.get_annotations(Options).items()}

    assert (image.name, target.name) == ("image", "target")
    assert {parameter.kind for parameter in options} == {inspect.Parameter.KEYWORD_ONLY}
    assert {parameter.name: parameter.default for parameter in options} == {it.name: it.default for it in OPTIONS}
    assert [parameter.name for parameter in options] == [option.name for option in OPTIONS]
    assert [str(parameter.annotation) for parameter in options] == [types[option.name] for option in OPTIONS]
    assert (save_options.name, save_options.kind) == ("save_options", inspect.Parameter.VAR_KEYWORD)


def test_compress_documents_every_option():
    """The reference pages are made of its docstring."""
    text = inspect.getdoc(bytefit.compress)

    assert [option.name for option in OPTIONS if f"\n    {option.name}: " not in text] == []


def test_compress_file_has_every_option():
    """Those it does not name itself come by `FitOptions`, so that editors complete them and mypy checks them."""
    parameters = inspect.signature(bytefit.compress_file).parameters
    own = {name for name, parameter in parameters.items() if parameter.kind is inspect.Parameter.KEYWORD_ONLY}

    assert parameters["options"].kind is inspect.Parameter.VAR_KEYWORD
    assert str(parameters["options"].annotation) == "Unpack[FitOptions]"
    assert (own & OWN_OPTIONS) | set(inspect.get_annotations(FitOptions)) == OWN_OPTIONS
    assert {name: parameters[name].default for name in own & OWN_OPTIONS} == {"format": None}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_compress_and_compress_file_check_every_option(option, tmp_path):
    """A wrong value is refused before the file is even looked for."""
    wrong = {**needed_by(option), option.name: b"wrong"}

    with pytest.raises(ConfigError, match=f"{option.name} b'wrong'"):
        bytefit.compress(tmp_path / "missing.jpg", "4KB", **wrong)
    with pytest.raises(ConfigError, match=f"{option.name} b'wrong'"):
        bytefit.compress_file(tmp_path / "missing.jpg", "4KB", **wrong)


@pytest.mark.parametrize("wanted", [None, "JPEG", "webp"])
def test_formats_say_what_is_allowed_everywhere(wanted, tmp_path):
    """A list that decides nothing would be ignored in silence: the format is one of them, or it is an error."""
    path = write_jpeg(tmp_path / "a.jpg", photograph())

    assert bytefit.compress(path, "4KB", format=wanted, formats=["WEBP", "JPEG"]).format == (wanted or "JPEG").upper()
    assert bytefit.compress(path, "4KB", format="Auto", formats=["WEBP", "JPEG"]).fits
    if wanted is None:
        assert bytefit.compress(path, "9KB", formats=["GIF", "WEBP"]).format in {"GIF", "WEBP"}
        with pytest.raises(ConfigError, match="is JPEG and stays so in place, and only PNG, GIF is allowed"):
            bytefit.compress_file(path, "1MB", formats=["PNG", "GIF"])
        with pytest.raises(ConfigError, match="WEBP is not among the formats allowed: use PNG, GIF"):
            bytefit.compress_file(path, "4KB", output=tmp_path / "a.webp", formats=["PNG", "GIF"])
    else:
        with pytest.raises(ConfigError, match=f"{wanted} is not among the formats allowed"):
            bytefit.compress(path, "4KB", format=wanted, formats=["PNG"])


@pytest.mark.parametrize(("command", "names"), [("compress", OWN_OPTIONS), ("fix", None), ("check", frozenset())])
def test_the_command_line_has_the_options_of_the_table(command, names):
    """All options belong to `compress`, some also to `fix`, none to `check`."""
    if names is None:
        names = {option.name for option in OPTIONS if option.for_fix}
    all_actions = commands()[command]._actions
    actions = {action.dest: action for action in all_actions}

    assert {name for name in actions if name in OWN_OPTIONS} == names
    for name in names:
        flags = BY_NAME[name].flags
        assert {text for action in all_actions if action.dest == name for text in action.option_strings} == {
            f"--{key}" for key in (flags or [BY_NAME[name].key])
        }
        assert actions[name].help.startswith(tuple(flags.values()) or BY_NAME[name].help)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_the_help_of_the_command_line_says_the_default(option):
    """A reader should not have to look it up."""
    text = next(action.help for action in commands()["compress"]._actions if action.dest == option.name)

    if option.flags:
        return
    if option.default not in (None, False):
        assert text.endswith(f" (default: {option.default})")
    assert ("(default: " in text) == (option.default not in (None, False) or bool(option.default_note))


def commands(parser=None, name=""):
    """Return the parsers of bytefit's commands by name, those of a command's own commands among them."""
    found = {}
    for action in (parser or _parser())._actions:
        if isinstance(action.choices, dict):
            for command, below in action.choices.items():
                found |= {f"{name} {command}".strip(): below, **commands(below, f"{name} {command}".strip())}
    return found


def test_every_argument_of_every_command_has_a_help_text():
    """An argument without one is a blank line in the help."""
    silent = [
        (command, action.dest)
        for command, parser in commands().items()
        for action in parser._actions
        if not (action.help or isinstance(action.choices, dict))
    ]

    assert silent == []


def tables_of_options():
    """Return the names in the first column of every table of options in the README and the documentation."""
    root = Path(__file__).parent.parent
    for page in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
        text = page.read_text(encoding="utf-8")
        for table in re.findall(r"^\| option +\|.*\n\|[-| :]+\n((?:\|.*\n)+)", text, flags=re.MULTILINE):
            yield page, set(re.findall(r"`(\w+)`", "".join(row.split("|")[1] for row in table.splitlines())))


def test_tables_of_options_name_every_option_and_no_other():
    """What a page does not name is not found, and what is renamed must not stay there under its old name."""
    for page, names in tables_of_options():
        assert names - {"target", "target_size"} == OWN_OPTIONS, page


def test_the_sets_of_names_are_those_of_the_contract():
    """Which options a rule may have, and which ask for a new encode of a file that fits, changes only on purpose."""
    of_one_image = OWN_OPTIONS - IN_CONFIGURATION
    asking_for_an_encode = OWN_OPTIONS - KEEPING_WHAT_FITS

    assert asking_for_an_encode == {
        *("format", "max_width", "max_height", "background", "colours", "depth", "box", "dpi"),
    }
    assert of_one_image == {
        *("format", "formats", "min_width", "exact", "min_size", "encoding", "box", "fit", "focus", "enlarge", "dpi"),
        *("lossless", "drop_extras", "allow_frame_drop", "background"),
    }
    assert all(option.for_fix for option in OPTIONS if option.in_configuration)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_a_declaration_is_complete(option):
    """Help has no full stop or default of its own; a value has choices, or a placeholder and words for a message."""
    assert option.help
    assert not option.help.endswith(".")
    assert "default" not in option.help
    if option.value_type == "boolean":
        assert option.default is False
        assert not option.metavar
    elif option.choices:
        assert option.default in {None, *option.choices}
    else:
        assert option.metavar, option.name
        assert option.what
        assert option.expected.startswith("give ")
