"""The restricted zone: its encrypted database, its keys and pseudonyms, its access log, and what is deleted in time."""
