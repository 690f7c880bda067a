"""Workloads of Kubernetes: which images an object makes run, and where in it they stand."""
