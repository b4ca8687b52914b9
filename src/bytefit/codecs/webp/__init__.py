"""Everything bytefit knows about WebP."""
