"""`report.html`: a plan on one page that opens anywhere, from a file, with nothing from the network."""

from optimizer.edge.report.page import Page, render

__all__ = ["Page", "render"]
