{{ config(alias='training_outcomes') }}
-- Outcomes of training a release may show: residents of covered provinces, and their sum under its own name (SPEC §5).
{{ covered_areas_of(ref('training_outcomes')) }}
