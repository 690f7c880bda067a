"""Sign with keys in Azure Key Vault and Managed HSM."""
