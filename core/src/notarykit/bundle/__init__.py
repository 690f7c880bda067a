"""Bundles: signatures and all that their verification needs in one file, for the way over an air gap."""
