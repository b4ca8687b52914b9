"""Everything bytefit knows about PNG."""
