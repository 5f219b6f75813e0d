{{ config(alias='labour_flows') }}
-- Job flows as released: employers of covered provinces, and their sum under its own name (SPEC §5, coverage).
{{ covered_areas_of(ref('changed_labour_flows')) }}
