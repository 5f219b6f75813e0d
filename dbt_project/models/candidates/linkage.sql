-- How accepted rows were linked: source, delivery, rule, sex of the row and province of the linked person (SPEC §3).
select
    l.source,
    {{ month_text('d.period_month') }} as period,
    cast(d.revision as integer) as revision,
    l.link_rule as rule,
    l.sex,
    coalesce({{ province_text('l.province_2024') }}, 'unknown') as province_2024,
    cast(l.row_count as bigint) as rows,
    'released' as status,
    p.release_id
from {{ ref('link_counts') }} as l
inner join {{ source('run', 'deliveries_in_force') }} as d
    on l.source = d.source and l.delivery_key = d.delivery_key
cross join {{ source('run', 'parameters') }} as p
