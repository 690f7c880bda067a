"""Installation and removal of executable plugins in notation's folder, from the formats that notation accepts."""
