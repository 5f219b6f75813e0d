{{ config(alias='register_indicators', materialized='view') }}
-- The register's indicators, made of the changed finest counts by the model of the candidates.
{{ register_indicators_of(ref('changed_cells'), ref('shown_medians'), 'w.is_hidden') }}
