"""The lower bound: what the core of labourdb costs at least, in hand-written DuckDB SQL on the same files.

It types the rows of eight sources, links them (citizen ID, previous ID, name with birth date), works out everybody's state at the
end of every quarter, and counts: register indicators in both lists of areas, median wages, labour flows, job spells,
transitions. It keeps no row accounting, encrypts nothing, protects nothing, checks nothing and publishes nothing; oddities of a
few rows in a thousand are left out (``--check`` says how far its counts lie from the product's). So it is no second
implementation, but a measure: ``make bench`` says by how much the product costs more.

Eight quarters fit into one number of eight bytes, so it takes one or two whole years. ``reading`` makes typed rows of files;
the ``.sql`` files are the rest in the order of ``__main__.PARTS``, templates only where a line repeats by quarter or source.
"""
