"""Audit of registries: an inventory of artifacts, their signatures, and the verdicts under the present trust policy."""
