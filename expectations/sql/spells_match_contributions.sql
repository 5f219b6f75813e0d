-- One row per month; it fails if the jobs with a compulsory contribution in it are not the spells that cover it.
with survivors as (

    select predecessor_key as employer_key, surviving_key from {warehouse}.labour.employer_successions
    union
    select surviving_key as employer_key, surviving_key from {warehouse}.labour.employer_successions

),

jobs as (

    select c.month, c.person_key, s.surviving_key
    from {warehouse}.labour.contribution_months as c
    left join survivors as s on c.employer_key = s.employer_key
    where c.compulsory and c.employer_key is not null and c.month <= (select cutoff_month from {warehouse}.run.parameters)

),

contributed as (

    select month, sum(jobs) as jobs
    from (
        select month, count(*) as jobs from jobs where surviving_key is null group by month
        union all
        select month, count(distinct (person_key, surviving_key)) as jobs from jobs where surviving_key is not null group by month
    )
    group by month

),

lengths as (

    select first_month, last_month, count(*) as spells
    from {warehouse}.labour.spells
    group by first_month, last_month

),

months as (

    select unnest(range((select min(first_month) from lengths), (select max(last_month) from lengths) + 1)) as month

),

covered as (

    select m.month, sum(l.spells) as spells
    from months as m
    inner join lengths as l on m.month between l.first_month and l.last_month
    group by m.month

)

select
    'labour.job_spells' as object,
    coalesce(c.jobs, 0) <> coalesce(s.spells, 0) as failed,
    coalesce(c.month, s.month) as month_number,
    c.jobs as jobs_with_contributions,
    s.spells as spells_covering
from contributed as c
full join covered as s on c.month = s.month
