"""Revocation by OCSP and CRLs: online, from the cache folder shared with notation, or offline from files."""
