"""Reports of an audit in other formats than JSON Lines, all made from its records."""
