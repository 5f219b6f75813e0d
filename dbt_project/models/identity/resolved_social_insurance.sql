{{ resolve_rows('social_insurance', by_number=true) }}
