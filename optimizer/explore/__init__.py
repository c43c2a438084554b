"""A local page on which a scenario's figures are moved, and the plan is decided again at once."""
