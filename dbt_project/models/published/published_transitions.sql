{{ config(alias='transitions') }}
-- Transitions as released: covered places, with small counts and what would give them away suppressed (SPEC §5).
{{ protected(
    ref('covered_transitions'), source('disclosure', 'suppressed_transitions'),
    ['period', 'lag', 'area_version', 'area_level', 'area_code', 'sex', 'age_group', 'from_status', 'to_status'],
    ['persons', 'share'], [],
) }}
