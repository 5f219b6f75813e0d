-- The finest counts of country and provinces as they are published: with noise (SPEC §5, disclosure control).
with exact as (

    select
        k.quarter, k.province_2024, k.province_2025, k.sex, k.age_class, k.urban_rural, p.protects,
        {{ summed_measures() }},
        {{ summed_keys() }}
    from {{ ref('keyed_profiles') }} as k
    cross join {{ source('run', 'parameters') }} as p
    group by k.quarter, k.province_2024, k.province_2025, k.sex, k.age_class, k.urban_rural, p.protects

),

{{ changed_counts('exact', measures()) }}

select
    quarter, province_2024, province_2025, sex, age_class, urban_rural,
    {{ changed_measures() }}
from changed
