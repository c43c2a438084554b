"""Published studies run again, and simulated worlds in which the truth is known."""
