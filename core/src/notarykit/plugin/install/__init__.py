"""Installing and removing executable plugins in notation's folder, in the forms that notation accepts."""
