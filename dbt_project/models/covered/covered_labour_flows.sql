{{ config(alias='labour_flows') }}
-- Job flows a release may show: employers of covered provinces, and their sum under its own name (SPEC §5).
{{ covered_areas_of(ref('labour_flows')) }}
