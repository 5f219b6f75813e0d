-- Names are sought among persons ever resident in the province of the row alone.
{{ resolve_rows('labour_register', by_province=true) }}
