{% set measures_text %}{% for name in measures() %}{{ name }}{{ ', ' if not loop.last }}{% endfor %}{% endset %}
{% set flows_text %}{% for name in flow_counts().keys() %}{{ name }}{{ ', ' if not loop.last }}{% endfor %}{% endset %}
-- Every finest count as published, one row each: what a release is remembered by, and compared with the next of its
-- period. Counts that came to nothing are left out: a reader sees no difference to those that are not there.
select
    'indicators' as table_name,
    {{ quarter_text('quarter') }} as period,
    concat_ws('|', 'province', province_2024, province_2025, sex, age_class, urban_rural) as atom,
    concat_ws('|', {{ measures_text }}) as figures
from {{ ref('changed_provinces') }}
where population > 0

union all

select
    'indicators' as table_name,
    {{ quarter_text('quarter') }} as period,
    concat_ws(
        '|', 'commune', province_2024, province_2025, coalesce(cast(district_2024 as varchar), ''),
        coalesce(cast(commune_2024 as varchar), ''), coalesce(cast(commune_2025 as varchar), '')
    ) as atom,
    concat_ws('|', {{ measures_text }}) as figures
from {{ ref('changed_communes') }}
where population > 0

union all

select
    'transitions' as table_name,
    {{ quarter_text('quarter') }} as period,
    concat_ws('|', lag, province_2024, province_2025, sex, age_group, from_status, to_status) as atom,
    cast(persons as varchar) as figures
from {{ ref('changed_status_changes') }}
where persons > 0

union all

select
    'training_outcomes' as table_name,
    cast(year as varchar) as period,
    concat_ws('|', province_2024, province_2025, field_code, level, kind) as atom,
    concat_ws('|', completions, employed_6m, employed_12m, same_province_2024, same_province_2025) as figures
from {{ ref('changed_completions') }}
where completions > 0

union all

select
    'labour_flows' as table_name,
    {{ quarter_text('quarter') }} as period,
    concat_ws('|', province_2024, province_2025, section) as atom,
    concat_ws('|', {{ flows_text }}) as figures
from {{ ref('changed_places') }}
where in_quarter > 0
