"""The `bytefit` command."""
