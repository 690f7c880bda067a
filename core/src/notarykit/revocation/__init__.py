"""Revocation: OCSP and CRLs, asked over the network, out of the cache that is shared with notation, or out of files."""
