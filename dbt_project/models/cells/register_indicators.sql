-- The register's indicators, one row per indicator and cell, as counted.
{{ register_indicators_of(ref('cells'), ref('median_wages')) }}
