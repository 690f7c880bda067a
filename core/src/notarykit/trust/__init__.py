"""Trust: which statement applies to an artifact, which roots it trusts, and which signers (trust-store-trust-policy.md)."""
