"""JPEG levels chosen by how the decoded image looks; needs numpy, and is imported for effort "best" only."""
