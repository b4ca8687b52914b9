"""All that bytefit knows of PNG."""
