"""Cluster: how its API server is reached, and asked for single objects."""
