{{ config(schema='cells') }}
-- The finest counts of job flows: pairs of provinces x section.
select
    quarter, province_2024, province_2025, section,
    {% for name in flow_counts() %}
    cast(sum({{ name }}) as bigint) as {{ name }}{% if not loop.last %},{% endif %}
    {% endfor %}
from {{ ref('placed_flows') }}
group by quarter, province_2024, province_2025, section
