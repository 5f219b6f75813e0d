"""dbt in this process: the project parsed once and kept, models built and tested, and what the project says of its tables."""
