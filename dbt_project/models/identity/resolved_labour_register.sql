{{ resolve_rows('labour_register', by_province=true) }}
