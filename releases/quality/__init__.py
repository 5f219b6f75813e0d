"""The quality of a release as facts, and the report that is made of them."""
