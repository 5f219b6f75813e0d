{# What is counted of jobs in a quarter, by place and section, and the letters it is published under. #}
{% macro flow_counts() %}
{{ return({
    'in_quarter': 'M', 'at_beginning': 'B', 'at_end': 'E', 'full_quarter': 'F', 'accessions': 'A', 'recalls': 'R',
    'separations': 'S', 'created': 'JC', 'destroyed': 'JD',
}) }}
{% endmacro %}

{# Sums of every count of flows, as columns of a select. #}
{% macro summed_flows() -%}
{% for name in flow_counts().keys() -%}
cast(sum({{ name }}) as bigint) as {{ name }}{% if not loop.last %},{% endif %}
{% endfor -%}
{%- endmacro %}

{#
  Job flows of employers by province, section and quarter (SPEC §5): a job is a person with an employer. Province and
  section are the employer's at the cut-off, for all quarters. `places` are the finest counts (place_counts, or these as
  disclosure control changed them).
#}
{% macro labour_flows_of(places) %}
with areas as (

    {{ by_area(places) }}
),

cells as (

    select
        quarter, area_version, area_level, area_code,
        coalesce(section, 'total') as section,
        {{ summed_flows() }}
    from areas
    group by quarter, area_version, area_level, area_code, cube(section)
    having sum(in_quarter) > 0

)

select
    {{ quarter_text('c.quarter') }} as period,
    c.area_version,
    c.area_level,
    c.area_code,
    c.section,
    c.in_quarter as M,
    case when q.quarters_before > 0 then c.at_beginning end as B,
    case when q.is_followed then c.at_end end as E,
    case when q.quarters_before > 0 and q.is_followed then c.full_quarter end as F,
    case when q.quarters_before > 0 then c.accessions end as A,
    case when q.quarters_before >= 4 then c.accessions - c.recalls end as H,
    case when q.quarters_before >= 4 then c.recalls end as R,
    case when q.is_followed then c.separations end as S,
    case when q.quarters_before > 0 and q.is_followed then c.created end as JC,
    case when q.quarters_before > 0 and q.is_followed then c.destroyed end as JD,
    case when c.quarter = p.as_of_quarter then 'provisional' else 'released' end as status,
    p.release_id
from cells as c
inner join {{ source('run', 'flow_quarters') }} as q on c.quarter = q.quarter
cross join {{ source('run', 'parameters') }} as p
{% endmacro %}
