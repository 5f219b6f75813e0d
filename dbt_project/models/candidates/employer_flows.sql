{{ config(schema='cells') }}
-- Jobs of each employer and quarter: at the beginning, at the end, through it, begun, ended (SPEC §5, labour_flows).
with profiles as (

    select
        employer_key,
        first_quarter,
        last_quarter,
        is_recall,
        count(*) as jobs
    from {{ ref('job_runs') }}
    group by employer_key, first_quarter, last_quarter, is_recall

)

select
    p.employer_key,
    q.quarter,
    cast(sum(p.jobs) as bigint) as in_quarter,
    cast(sum(case when p.first_quarter < q.quarter then p.jobs else 0 end) as bigint) as at_beginning,
    cast(sum(case when p.last_quarter > q.quarter then p.jobs else 0 end) as bigint) as at_end,
    cast(
        sum(case when p.first_quarter < q.quarter and p.last_quarter > q.quarter then p.jobs else 0 end) as bigint
    ) as full_quarter,
    cast(sum(case when p.first_quarter = q.quarter then p.jobs else 0 end) as bigint) as accessions,
    cast(sum(case when p.first_quarter = q.quarter and p.is_recall then p.jobs else 0 end) as bigint) as recalls,
    cast(sum(case when p.last_quarter = q.quarter then p.jobs else 0 end) as bigint) as separations
from profiles as p
inner join {{ source('run', 'flow_quarters') }} as q on q.quarter between p.first_quarter and p.last_quarter
group by p.employer_key, q.quarter
