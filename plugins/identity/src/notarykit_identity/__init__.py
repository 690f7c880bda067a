"""Sign with the identity of a workload, by a certificate of minutes, and verify who signed."""
