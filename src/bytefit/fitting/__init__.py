"""One image fitted to one budget."""
