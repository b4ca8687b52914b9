"""What measures bytefit beside other ways and tools."""
