"""Timestamps by RFC 3161: asked for when signing, verified when verifying."""
