"""Networks that answer for every amount: built (`network`), penalised (`ipm`, `objective`), trained (`training`, `learning`).

All of them need torch, which `pip install "bursar[nets]"` brings; a fitted model is numpy arrays, and answers without it.
"""
