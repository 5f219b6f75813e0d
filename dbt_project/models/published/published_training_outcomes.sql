{{ config(alias='training_outcomes') }}
-- Outcomes of training as released: covered places, with what would show few persons or employers suppressed (SPEC §5).
{{ protected(
    ref('covered_training_outcomes'), source('disclosure', 'suppressed_training_outcomes'),
    ['year', 'area_version', 'area_level', 'area_code', 'field_code', 'level', 'kind'],
    ['completions', 'employed_6m', 'employed_12m', 'median_wage_12m', 'same_province_12m'], [],
) }}
