"""Verification: the steps in the specification's order, and the verdict."""
