"""Who gets a treatment, and how much: trained uplift models inside a MIP, under a budget, with a proof."""
