"""From the bytes of a file to numbered records of text fields, whatever the format.

Each format module opens a file (checks that it is whole, finds the header) and yields records:
the line it starts on, the raw text, and its fields as text. What the fields mean is no concern here.
"""
