"""The table of the options: `OPTIONS` declares each once, with its check, its help and where it may be given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytefit.options.records import Bounds, Option

if TYPE_CHECKING:
    from collections.abc import Mapping

ON_UNREACHABLE, EFFORTS = ("error", "smallest"), ("fast", "normal", "best")

# How a picture comes into a box.
COVER, CONTAIN, INSIDE, STRETCH = FITS = ("cover", "contain", "inside", "stretch")

# How the bytes of a file are counted: as they are, or as the text that carries them.
BINARY, BASE64, DATA_URI = ENCODINGS = ("binary", "base64", "data-uri")

# The SSIMULACRA2 score of an unchanged image. The scale has no lower end; a lower floor is taken for a typing error.
BEST_SCORE, WORST_SCORE = 100, -(10**6)
BEST_QUALITY = 100  # of every codec

# The most pixels of an image that Pillow opens, unless a program changes its `Image.MAX_IMAGE_PIXELS`.
PILLOWS_MOST_PIXELS = 2 * (1024**3 // 4 // 3)

# Options of one image that `bytefit fix` and the configuration do not have.
_COMPRESS_ONLY: Mapping[str, Any] = {"for_fix": False, "in_configuration": False}
_PIXELS: Mapping[str, Any] = {"expected": "give a whole number from 1 up", "metavar": "PIXELS", "bounds": Bounds(1)}
_WIDTH = {**_PIXELS, "what": "a width in pixels", "needs": ("resize", True)}
_HEIGHT = {**_WIDTH, "what": "a height in pixels"}

OPTIONS: tuple[Option, ...] = (
    Option(
        "format",
        "string",
        "the format, such as JPEG, PNG or WEBP; auto chooses the one that looks best",
        default_note="by the suffix of the output, else that of the image",
        what="the name of a format",
        expected="give text such as 'JPEG', or 'auto'",
        metavar="FORMAT",
        keeps_what_fits=False,
        needs_target=False,
        **_COMPRESS_ONLY,
    ),
    Option(
        "formats",
        "names",
        "the formats allowed: the image keeps its own if that is one of them, else the best-looking is chosen",
        default_note="any; with format auto, those that browsers show",
        what="a list of formats",
        expected="give names such as ['WEBP', 'JPEG']",
        metavar="A,B",
        **_COMPRESS_ONLY,
    ),
    Option(
        "slack",
        "number",
        "stop once at most this share of the budget is unused; 0 finds the best quality that fits",
        what="a share of the budget",
        expected="give a number from 0 to less than 1",
        metavar="SHARE",
        bounds=Bounds(minimum=0, below=1),
    ),
    Option(
        "min_quality",
        "number",
        "the lowest quality accepted, on the codec's own scale",
        what="a quality",
        expected=f"give a number from 0 to {BEST_QUALITY}, on the codec's own scale",
        metavar="QUALITY",
        bounds=Bounds(minimum=0, maximum=BEST_QUALITY),
    ),
    Option(
        "min_score",
        "number",
        "the lowest SSIMULACRA2 score accepted: 90 very good, 70 good, 50 medium; needs bytefit[metrics]",
        what="on the scale of SSIMULACRA2",
        expected=f"give a number below {BEST_SCORE}",
        metavar="SCORE",
        bounds=Bounds(minimum=WORST_SCORE, below=BEST_SCORE),
    ),
    Option("resize", "boolean", "reduce the dimensions if that looks better or the budget needs it"),
    Option("min_width", "integer", "with resize, the smallest width", in_configuration=False, **_WIDTH),
    Option("max_width", "integer", "with resize, the largest width", keeps_what_fits=False, **_WIDTH),
    Option("max_height", "integer", "with resize, the largest height", keeps_what_fits=False, **_HEIGHT),
    Option(
        "box",
        "box",
        "bring the image to exact dimensions: 413x531, one side only as in 512x, or a shape as in 1:1",
        what="a box",
        expected="give pixels as in '413x531', '512x' or 'x512', or a shape as in '1:1'",
        metavar="WxH",
        keeps_what_fits=False,
        **_COMPRESS_ONLY,
    ),
    Option(
        "fit",
        "string",
        "how the image comes into the box: cover cuts, contain pads with the background, inside keeps the shape, "
        "stretch does not",
        choices=FITS,
        needs=("box", None),
        **_COMPRESS_ONLY,
    ),
    Option(
        "focus",
        "pair",
        "what cover keeps in the middle, as shares of width and height: 0.5,0.3",
        default_note="the middle",
        what="a point in the image",
        expected="give shares of width and height from 0 to 1, such as (0.5, 0.3)",
        metavar="X,Y",
        bounds=Bounds(0, 1),
        needs=("box", None),
        **_COMPRESS_ONLY,
    ),
    Option("enlarge", "boolean", "allow the box to make the image larger", needs=("box", None), **_COMPRESS_ONLY),
    Option(
        "dpi",
        "numbers",
        "the resolution that the file states, in pixels an inch, for print forms",
        default_note="that of the image",
        what="a resolution",
        expected="give pixels an inch from 1 to 65535, such as 300, or a pair of them",
        metavar="DPI",
        bounds=Bounds(1, 65_535),
        keeps_what_fits=False,
        needs_target=False,
        **_COMPRESS_ONLY,
    ),
    Option(
        "effort",
        "string",
        "how much time the encoder may spend on quality at the same size; the best JPEG needs bytefit[best]",
        choices=EFFORTS,
        needs_target=False,
    ),
    Option("exact", "boolean", "pad the file to exactly the target", needs_target=False, **_COMPRESS_ONLY),
    Option(
        "min_size",
        "size",
        "the smallest size allowed: if the best file is smaller, it is padded to this size",
        what="a size",
        expected="give a number and a unit, as in '20KB', or bytes",
        metavar="SIZE",
        **_COMPRESS_ONLY,
    ),
    Option(
        *("encoding", "string", "what the sizes count: the bytes of the file, of its base64 text, or of its data URI"),
        choices=ENCODINGS,
        flags={
            BASE64: "sizes count the characters of the file as base64",
            DATA_URI: "sizes count the characters of the file as a data URI, its prefix included",
        },
        **_COMPRESS_ONLY,
    ),
    Option(
        *("on_unreachable", "string", "what to do if nothing fits: fail, or return the smallest file"),
        choices=ON_UNREACHABLE,
    ),
    Option(
        "metadata",
        "policy",
        "which metadata to keep: keep, strip, groups as in orientation+icc, or all but groups as in keep-gps",
        what="a metadata policy",
        expected=(
            "give 'keep', 'strip', groups as in 'orientation+icc', or all but groups as in 'keep-gps'; the groups are "
            "orientation, icc, resolution, copyright, date, camera, serial, gps, thumbnail, makernote, xmp, iptc, "
            "text, comment"
        ),
        metavar="POLICY",
    ),
    Option("lossless", "boolean", "keep every pixel unchanged, or fail", needs_target=False, **_COMPRESS_ONLY),
    Option(
        "drop_extras",
        "boolean",
        "leave out further images, gain maps and films of a JPEG, and the still picture of an animated PNG",
        **_COMPRESS_ONLY,
    ),
    Option(
        *("allow_frame_drop", "boolean", "drop every second frame of an animation, repeatedly, if nothing else fits"),
        **_COMPRESS_ONLY,
    ),
    Option(
        "background",
        "colour",
        "flatten transparency onto this colour, such as white or #f0f0f0",
        default_note="transparency is kept, or the format refused",
        what="an opaque colour",
        expected="give a name or a number such as 'white', '#f0f0f0' or 'rgb(240, 240, 240)'",
        metavar="COLOUR",
        keeps_what_fits=False,
        needs_target=False,  # the writers of GIF and WEBP know an option of this name
        **_COMPRESS_ONLY,
    ),
    Option(
        *("colours", "string", "convert CMYK, Lab, wide-gamut and other profiled images to sRGB"),
        default_note="colours and profile are kept, or the format refused",
        choices=("srgb",),
        keeps_what_fits=False,
    ),
    Option(
        "depth",
        "integer",
        "scale 16 bits a channel down to this many",
        default_note="16 bits are kept, or the format refused",
        what="a depth that images are scaled to",
        expected="give 8, the bits of a channel",
        metavar="BITS",
        bounds=Bounds(minimum=8, maximum=8),
        keeps_what_fits=False,
    ),
    Option(
        "max_pixels",
        "integer",
        "refuse an image file of more pixels: a small file can need all the memory there is",
        default_note=f"{PILLOWS_MOST_PIXELS:,}, the limit of Pillow",
        what="a number of pixels",
        **_PIXELS,
    ),
    Option(
        "models",
        "path",
        "the folder with your own models, made by `bytefit train`",
        default_note="BYTEFIT_MODELS, else the models that come with bytefit",
        what="the path of a folder",
        expected="give a folder that `bytefit train` has written",
        metavar="DIR",
    ),
)
