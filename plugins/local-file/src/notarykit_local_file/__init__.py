"""A notarykit plugin that signs with keys in PEM and PKCS#12 files."""
