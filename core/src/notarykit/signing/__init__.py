"""Signing of descriptors, and of artifacts where they are."""
