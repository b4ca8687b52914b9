"""All that bytefit knows of GIF."""
