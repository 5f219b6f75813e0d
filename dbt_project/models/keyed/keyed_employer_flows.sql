-- Jobs of each employer and quarter: at the beginning, at the end, through it, begun, ended (SPEC §5,
-- labour_flows), each with the sum of the record keys of the persons who hold them.
with profiles as (

    select
        r.employer_key,
        r.first_quarter,
        r.last_quarter,
        r.is_recall,
        count(*) as jobs,
        cast(sum(k.record_key) as bigint) as jobs_key
    from {{ ref('job_runs') }} as r
    inner join {{ ref('stg_record_keys') }} as k on r.person_key = k.person_key
    group by r.employer_key, r.first_quarter, r.last_quarter, r.is_recall

)

select
    p.employer_key,
    q.quarter,
    {% for name, condition in {
        'in_quarter': 'true',
        'at_beginning': 'p.first_quarter < q.quarter',
        'at_end': 'p.last_quarter > q.quarter',
        'full_quarter': 'p.first_quarter < q.quarter and p.last_quarter > q.quarter',
        'accessions': 'p.first_quarter = q.quarter',
        'recalls': 'p.first_quarter = q.quarter and p.is_recall',
        'separations': 'p.last_quarter = q.quarter',
    }.items() -%}
    cast(sum(case when {{ condition }} then p.jobs else 0 end) as bigint) as {{ name }},
    cast(sum(case when {{ condition }} then p.jobs_key else 0 end) as bigint) as {{ name }}_key
    {%- if not loop.last %},{% endif %}
    {% endfor %}
from profiles as p
inner join {{ source('run', 'flow_quarters') }} as q on q.quarter between p.first_quarter and p.last_quarter
group by p.employer_key, q.quarter
