"""Host side of the plugin contract: requests, time limits, and the checks of every response."""
