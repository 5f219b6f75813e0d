-- One row per key of a published table; it fails if the table has it more than once.
with keys as (

    select
        'indicators' as object,
        concat_ws(
            ' ', indicator, basis, period, area_version, area_level, area_code, sex, age_group, urban_rural
        ) as key_text
    from {warehouse}.candidates.indicators
    union all
    select
        'target_progress' as object,
        concat_ws(
            ' ', plan, province_code, area_version, year, indicator, basis, sex, age_group, urban_rural
        ) as key_text
    from {warehouse}.candidates.target_progress
    union all
    select
        'linkage' as object,
        concat_ws(' ', source, period, revision, rule, sex, province_2024) as key_text
    from {warehouse}.candidates.linkage
    union all
    select
        'row_accounting' as object,
        concat_ws(' ', source, period, revision, file) as key_text
    from {warehouse}.candidates.row_accounting

)

select object, count(*) > 1 as failed, key_text, count(*) as row_count
from keys
group by object, key_text
