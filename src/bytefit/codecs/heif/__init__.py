"""Everything bytefit knows about HEIF."""
