"""`import bytefit.auto` is `bytefit.register()`, for those who prefer one line."""

from bytefit.pillow_plugin import register

register()
