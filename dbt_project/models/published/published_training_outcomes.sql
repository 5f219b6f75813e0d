{{ config(alias='training_outcomes') }}
-- Outcomes of training as released: residents of covered provinces, and their sum under its own name (SPEC §5,
-- coverage).
{{ covered_areas_of(ref('changed_training_outcomes')) }}
