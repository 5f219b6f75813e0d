{{ resolve_rows('unemployment_benefits') }}
