-- One row per record of a history; it fails if it ends before it begins or after the next one began.
with records as (

    select 'identity.population_records' as object, person_key as holder, valid_from, valid_to
    from restricted.identity.population_records
    union all
    select 'identity.enterprise_records' as object, employer_key as holder, valid_from, valid_to
    from restricted.identity.enterprise_records
    union all
    select 'labour.person_history' as object, person_key as holder, valid_from, valid_to
    from {warehouse}.labour.person_history
    union all
    select 'labour.enterprise_history' as object, employer_key as holder, valid_from, valid_to
    from {warehouse}.labour.enterprise_history

),

ordered as (

    select *, lead(valid_from) over (partition by object, holder order by valid_from) as next_from
    from records

)

select
    object,
    coalesce(valid_from >= valid_to, false)
    or coalesce(next_from < coalesce(valid_to, date '9999-12-31'), false)
    or valid_from is null as failed,
    holder as person_or_employer_key,
    valid_from,
    valid_to,
    next_from
from ordered
