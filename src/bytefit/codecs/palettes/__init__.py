"""Palettes: reduce an image to few colours."""
