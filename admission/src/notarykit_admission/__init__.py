"""Admission control for Kubernetes: only images with a trusted Notary Project signature start."""
