"""Keys and certificates: key specs, raw signatures, certificate chains and requirements, certificate issuance."""
