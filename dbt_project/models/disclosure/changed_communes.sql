-- The finest counts of districts and communes as they are published: with noise of their own, so that they add up to
-- their provinces but for some tens (SPEC §5, disclosure control).
with exact as (

    select
        k.quarter, k.province_2024, k.province_2025, k.district_2024, k.commune_2024, k.commune_2025, p.protects,
        {{ summed_measures() }},
        {{ summed_keys() }}
    from {{ ref('keyed_profiles') }} as k
    cross join {{ source('run', 'parameters') }} as p
    group by k.quarter, k.province_2024, k.province_2025, k.district_2024, k.commune_2024, k.commune_2025, p.protects

),

{{ changed_counts('exact', measures()) }}

select
    quarter, province_2024, province_2025, district_2024, commune_2024, commune_2025,
    {{ changed_measures() }}
from changed
