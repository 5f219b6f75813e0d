{{ config(alias='labour_flows') }}
-- Job flows as released: covered places, with what would show single employers or few jobs suppressed (SPEC §5).
-- noqa: disable=CP02
{{ protected(
    ref('covered_labour_flows'), source('disclosure', 'suppressed_labour_flows'),
    ['period', 'area_version', 'area_level', 'area_code', 'section'],
    ['M', 'B', 'E', 'F', 'A', 'H', 'R', 'S', 'JC', 'JD'], [],
) }}
