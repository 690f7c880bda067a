"""Signature envelopes in JWS and COSE: parsing, integrity, building.

`parsing.parse_envelope` turns bytes into an `UnverifiedEnvelope`, `integrity.check_integrity` turns that into an
`IntactEnvelope`. `builder.prepare` returns the bytes to sign, and completes the envelope with the signature.
"""
