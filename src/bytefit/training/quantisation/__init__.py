"""Learning JPEG's quantisation tables."""
