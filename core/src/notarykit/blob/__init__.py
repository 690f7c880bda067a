"""Blobs: files and streams that are signed and verified where they are, and the files of their signatures."""
