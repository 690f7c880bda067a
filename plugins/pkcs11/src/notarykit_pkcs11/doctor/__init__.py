"""Diagnosis of a token, step by step, up to a trial signature (`notarykit plugin doctor`)."""
