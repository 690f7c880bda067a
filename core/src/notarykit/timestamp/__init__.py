"""Timestamps (RFC 3161): requested when signing, verified when verifying."""
