"""All that bytefit knows of TIFF."""
