"""How a ledger's tables are made, and an older ledger's brought up to date."""
