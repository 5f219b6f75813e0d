"""Assets and their checks, and what the Dagster UI shows of them: deliveries up to gate 1, models from staging to release."""
