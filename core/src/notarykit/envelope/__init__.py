"""Signature envelopes: JWS and COSE, taken apart strictly and put together as the specification prescribes.

`parsing.parse` makes an `UnverifiedEnvelope` out of bytes; `intact.check_integrity` makes an `IntactEnvelope` out of
that one; `unsigned.prepare` gives the bytes that a key signs and puts the envelope together around the signature.
"""
