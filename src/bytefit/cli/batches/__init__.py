"""What `bytefit batch` shows: its progress, its status and its manifest."""
