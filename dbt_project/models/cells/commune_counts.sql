-- The finest counts of districts and communes: pairs of communes.
select
    quarter, province_2024, province_2025, district_2024, commune_2024, commune_2025,
    {{ summed_measures() }}
from {{ ref('keyed_profiles') }}
group by quarter, province_2024, province_2025, district_2024, commune_2024, commune_2025
