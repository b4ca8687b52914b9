"""All that bytefit knows of JPEG 2000."""
