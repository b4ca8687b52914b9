"""Image files: compressed, verified and replaced in one step."""
