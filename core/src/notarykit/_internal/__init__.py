"""What every room may use and no program outside should: JSON, files, paths, times, threads."""
