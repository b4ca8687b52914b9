"""All that bytefit knows of WebP."""
