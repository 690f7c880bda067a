"""Internal helpers: strict JSON, atomic files, notation's paths, RFC 3339, deadlines and threads; not a public API."""
