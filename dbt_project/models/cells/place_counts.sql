-- The finest counts of job flows: pairs of provinces x section.
select
    quarter, province_2024, province_2025, section,
    {{ summed_flows() }}
from {{ ref('placed_flows') }}
group by quarter, province_2024, province_2025, section
