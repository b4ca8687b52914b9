"""All that bytefit knows of HEIF."""
