"""Doors: each takes a request of one kind of caller as bytes, and returns the answer as bytes."""
