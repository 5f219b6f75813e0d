-- By its number a row goes to the one person whom all linked rows of the number point to.
{{ resolve_rows('social_insurance', by_number=true) }}
