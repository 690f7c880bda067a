"""Judgment on images: decisions that are made side by side, once each, in time, and kept for as long as they hold."""
