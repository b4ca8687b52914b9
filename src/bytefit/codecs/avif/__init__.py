"""All that bytefit knows of AVIF."""
