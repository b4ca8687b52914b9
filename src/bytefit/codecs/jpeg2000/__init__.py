"""Everything bytefit knows about JPEG 2000."""
