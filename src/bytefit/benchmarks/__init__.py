"""Benchmarks: bytefit compared with other search strategies and other tools."""
