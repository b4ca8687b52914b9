"""Palettes: the colours that are left of a picture."""
