"""A Python plugin as an executable: the answers to a host's requests, and the launcher that a host finds."""
