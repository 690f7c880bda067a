"""Sign with keys in HashiCorp Vault and OpenBao."""
