"""Everything bytefit knows about AVIF."""
