"""Keys: from a key's kind to its algorithms, the chains that vouch for it, and signatures made and checked with it."""
