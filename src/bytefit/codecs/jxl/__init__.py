"""Everything bytefit knows about JPEG XL."""
