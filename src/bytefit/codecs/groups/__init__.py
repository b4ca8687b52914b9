"""Takes groups of metadata out of the blocks that many formats share: EXIF, XMP, IPTC."""
