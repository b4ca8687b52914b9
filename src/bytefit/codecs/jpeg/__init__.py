"""Everything bytefit knows about JPEG."""
