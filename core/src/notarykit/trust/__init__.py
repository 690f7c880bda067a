"""Trust: which policy statement applies to an artifact, which roots it trusts, and which signers."""
