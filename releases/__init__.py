"""The product's output side: candidates on disk, releases, manifests, what is published.

Belongs here: writing tables byte for byte the same for the same rows, putting a release in place whole or not
at all, the manifest, listing, comparing, verifying, explaining and withdrawing releases, disclosure control, the
quality report people read.

Does not belong here: computing what the tables say (``dbt_project``) or whether it is good enough
(``expectations``). This package knows of neither Dagster nor dbt.
"""
