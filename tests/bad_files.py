"""Files that no command can fit, whatever they are called."""

from __future__ import annotations

from images import animation, encoded, graphic, noise, photograph

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"


BAD_FILES = {
    "text": b"no picture at all " * 1000,
    "truncated": encoded(noise())[:-4000],
    "BMP": encoded(noise(), "BMP"),
}


# What no JPEG can hold.
NOT_FOR_JPEG = {
    "deep colours": encoded(photograph((64, 48), "L").convert("F"), "TIFF"),
    "animated WebP": animation("WEBP", (96, 64)),
    "animated GIF": animation("GIF", (96, 64)),
    "alpha": encoded(graphic((256, 192)), "PNG"),
}
