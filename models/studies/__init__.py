"""Published studies of response models, run again: what was reported, and what is found here."""
