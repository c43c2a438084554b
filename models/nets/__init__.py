"""Networks that answer for every amount: built (`network`), penalised (`ipm`, `objective`), trained (`training`, `learning`).

These need torch, which `pip install "bursar[nets]"` brings; `settings` and `options` do not. A fitted model is numpy arrays, and
answers without it (`models.heads`).
"""
