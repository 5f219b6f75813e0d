{{ config(alias='linkage') }}
-- How accepted rows were linked, as released: counts of few rows, and what would give them away, suppressed (SPEC §5).
{{ protected(
    ref('covered_linkage'), source('disclosure', 'suppressed_linkage'),
    ['source', 'period', 'revision', 'rule', 'sex', 'province_2024'], ['rows'], [],
) }}
