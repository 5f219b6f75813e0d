-- Every median wage as far as it may be shown (SPEC §5, disclosure control): of ten persons (communes: thirty) and
-- three employers at least, none with over 80 % of the persons; in three significant digits. A cell without anybody
-- says no more than one of few.
with judged as (

    select
        c.quarter, c.area_version, c.area_level, c.area_code, c.sex, c.age_group, c.urban_rural,
        m.median_wage,
        p.protects,
        {{ median_may_be_shown('c.employed_compulsory', 'w.employers', 'w.largest', "c.area_level = 'commune'") }}
            as is_shown
    from {{ ref('cells') }} as c
    left join {{ ref('median_wages') }} as m
        on c.quarter = m.quarter and c.area_version = m.area_version and c.area_level = m.area_level
        and c.area_code = m.area_code and c.sex = m.sex and c.age_group = m.age_group
        and c.urban_rural = m.urban_rural
    left join {{ ref('wage_support') }} as w
        on c.quarter = w.quarter and c.area_version = w.area_version and c.area_level = w.area_level
        and c.area_code = w.area_code and c.sex = w.sex and c.age_group = w.age_group
        and c.urban_rural = w.urban_rural
    cross join {{ source('run', 'parameters') }} as p

)

select
    quarter, area_version, area_level, area_code, sex, age_group, urban_rural,
    case when not protects then median_wage when is_shown then {{ three_digits('median_wage') }} end as median_wage,
    protects and not is_shown as is_hidden
from judged
