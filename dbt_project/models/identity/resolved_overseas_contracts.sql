{{ resolve_rows('overseas_contracts') }}
