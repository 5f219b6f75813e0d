{{ config(alias='transitions') }}
-- Transitions as released: residents of covered provinces, and their sum under its own name (SPEC §5, coverage).
{{ covered_areas_of(ref('changed_transitions')) }}
