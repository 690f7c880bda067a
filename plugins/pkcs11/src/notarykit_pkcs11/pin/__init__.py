"""Sources of a PIN, and the dialog that asks for it."""
