"""Reading a file, and the metadata it carries."""
