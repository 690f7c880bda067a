"""Tokens: sessions, objects, and signatures by the keys on them."""
