"""Whether a plan would hold: history decided about by models that have not seen it, and what its records say of that."""
