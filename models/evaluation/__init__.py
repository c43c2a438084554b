"""What recorded outcomes say of a rule or a ranking, without asking the model that made it; no budget is known here."""
