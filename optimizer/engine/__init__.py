"""The verbs: pure stages from one value to the next; no stage calls another."""
