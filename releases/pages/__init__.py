"""What every page shares: words in both languages, figures, templates, and the form of a data dictionary."""
