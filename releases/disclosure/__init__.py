"""Disclosure control of what a release shows (SPEC §5): who is hidden, what else must be hidden with them, and proof.

Belongs here: which cells are sensitive, secondary suppression along the sums that tie published cells together, and
the audit that nothing suppressed can be computed. Not here: how a suppressed cell is shown (the published models) and
whether a release may go out (gate 3).
"""
