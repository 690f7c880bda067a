"""OCI: references, image layouts, and how signatures are stored beside the artifacts that they sign."""
