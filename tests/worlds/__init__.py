"""Worlds whose right answers were worked out by hand, and homes they were run in once for many tests."""
