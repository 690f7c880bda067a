"""Telemetry: the log, with a line for each verdict, and metrics; no secrets, and bounds on everything."""
