-- The finest counts of country and provinces: pairs of provinces x sex x age class x urban/rural.
select
    quarter, province_2024, province_2025, sex, age_class, urban_rural,
    {{ summed_measures() }}
from {{ ref('keyed_profiles') }}
group by quarter, province_2024, province_2025, sex, age_class, urban_rural
