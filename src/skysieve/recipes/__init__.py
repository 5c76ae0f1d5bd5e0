"""Recipes: published experiments, one file a system, and the one place where the verbs are composed."""
