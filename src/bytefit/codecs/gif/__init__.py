"""Everything bytefit knows about GIF."""
