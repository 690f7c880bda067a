"""The Notary Project for Python."""
