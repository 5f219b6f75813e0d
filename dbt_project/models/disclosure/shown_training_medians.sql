-- Every median wage after training as far as it may be shown, by the same rule as shown_medians.
with judged as (

    select
        m.*,
        p.protects,
        {{ median_may_be_shown('m.persons', 'm.employers', 'm.largest', 'false') }} as is_shown
    from {{ ref('training_medians') }} as m
    cross join {{ source('run', 'parameters') }} as p

)

select
    year, area_version, area_level, area_code, field_code, level, kind,
    case when not protects then median_wage when is_shown then {{ three_digits('median_wage') }} end as median_wage,
    protects and not is_shown as is_hidden
from judged
