"""``labour.duckdb`` of a release: the released tables, what names their codes, views that may be summed, and comments (SPEC §7).

Belongs here: what the database file holds beside the released tables, made from the catalogue, the dictionary and the seeds.

Does not belong here: figures (they are those of the Parquet files), and the words themselves (``releases.pages.words``).
"""
