-- One row per person, employer, month and scheme; it fails if there is more than one contribution.
-- A job with as many different months as rows has none twice. A bit a month tells that of 63 months; of persons with a job that
-- has more, or one twice, every month is looked at.
with suspects as (

    select distinct person_key
    from {warehouse}.labour.contribution_months
    group by person_key, employer_key, unknown_employer, compulsory
    having count(*) is distinct from bit_count(bit_or(1::bigint << (month % 63)))

)

select
    'labour.contributions' as object,
    false as failed,
    c.person_key,
    c.employer_key,
    c.unknown_employer,
    c.month,
    c.compulsory,
    1 as row_count
from {warehouse}.labour.contribution_months as c
where not exists (select 1 from suspects as s where s.person_key is not distinct from c.person_key)
union all
select
    'labour.contributions' as object,
    count(*) > 1 as failed,
    c.person_key,
    c.employer_key,
    c.unknown_employer,
    c.month,
    c.compulsory,
    count(*) as row_count
from {warehouse}.labour.contribution_months as c
where exists (select 1 from suspects as s where s.person_key is not distinct from c.person_key)
group by c.person_key, c.employer_key, c.unknown_employer, c.month, c.compulsory
