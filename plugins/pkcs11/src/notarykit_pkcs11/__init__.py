"""Sign with keys on PKCS#11 tokens: YubiKeys, smart cards, TPMs and HSMs."""
