"""Sign with keys in AWS KMS."""
