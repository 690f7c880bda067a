"""Commands that read a trust policy and change none: they explain, check, try and export it."""
