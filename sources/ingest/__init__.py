"""From the landing area to the restricted database: which deliveries are new, opening, deciding, loading (SPEC §1)."""
