"""What tests share to ask the product: ingestion in memory, tables of a home, a second slow computation."""
