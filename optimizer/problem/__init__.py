"""The nouns: what a problem is made of. No input or output, no solver."""
