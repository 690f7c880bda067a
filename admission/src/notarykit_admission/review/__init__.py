"""Review of one request: exemptions, references, decisions on its images, and what follows from them."""
