-- Job spells in numbers: spells of codes, joined where one employer carries on another (SPEC §4); job_spells has words.
with involved as (

    select predecessor_key as employer_key, surviving_key
    from {{ ref('employer_successions') }}
    union
    select surviving_key as employer_key, surviving_key
    from {{ ref('employer_successions') }}

),

carried_on as (

    select
        s.person_key,
        i.surviving_key as employer_key,
        s.first_month,
        s.last_month,
        s.wage_sum,
        s.first_wage_base,
        s.last_wage_base,
        max(s.last_month) over (
            partition by s.person_key, i.surviving_key
            order by s.first_month, s.last_month, s.employer_key
            rows between unbounded preceding and 1 preceding
        ) as reached
    from {{ ref('code_spells') }} as s
    inner join involved as i on s.employer_key = i.employer_key

),

numbered as (

    select
        *,
        sum(case when first_month <= reached + 1 then 0 else 1 end) over (
            partition by person_key, employer_key
            order by first_month, last_month
            range between unbounded preceding and current row
        ) as spell_number
    from carried_on

),

bounds as (

    select
        *,
        min(first_month) over (partition by person_key, employer_key, spell_number) as spell_first_month,
        max(last_month) over (partition by person_key, employer_key, spell_number) as spell_last_month
    from numbered

),

joined as (

    select
        person_key,
        employer_key,
        spell_first_month as first_month,
        spell_last_month as last_month,
        sum(wage_sum) as wage_sum,
        sum(case when first_month = spell_first_month then first_wage_base end) as first_wage_base,
        sum(case when last_month = spell_last_month then last_wage_base end) as last_wage_base
    from bounds
    group by person_key, employer_key, spell_first_month, spell_last_month

),

all_spells as (

    select s.person_key, s.employer_key, s.first_month, s.last_month, s.wage_sum, s.first_wage_base, s.last_wage_base
    from {{ ref('code_spells') }} as s
    left join involved as i on s.employer_key = i.employer_key
    where i.employer_key is null
    union all
    select * from joined

)

select
    s.*,
    lag(s.last_month) over (partition by s.person_key, s.employer_key order by s.first_month) as previous_last_month,
    s.last_month = p.cutoff_month as is_open
from all_spells as s
cross join {{ source('run', 'parameters') }} as p
