"""All that bytefit knows of JPEG."""
