"""Messages of those who ask: decoded and answered, without a network."""
