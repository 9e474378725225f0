"""Figures from a Regatta results file (results/FORMAT.md)."""
