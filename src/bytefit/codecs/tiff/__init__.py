"""Everything bytefit knows about TIFF."""
