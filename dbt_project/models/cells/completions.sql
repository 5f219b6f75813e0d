-- Certified completions of residents, with compulsory insurance 6 and 12 months later (SPEC §5, training_outcomes).
with completed as (

    select
        t.person_key,
        cast(extract(year from t.ended_on) as integer) as year,
        {{ month_number('t.ended_on') }} as month,
        coalesce(t.field_code, 'unknown') as field_code,
        t.level,
        t.kind,
        h.province_2024,
        h.province_2025
    from {{ ref('training_episodes') }} as t
    inner join {{ ref('person_history') }} as h
        on t.person_key = h.person_key
        and t.ended_on >= h.valid_from and (h.valid_to is null or t.ended_on < h.valid_to)
    left join {{ ref('late_deaths') }} as d on t.person_key = d.person_key
    cross join {{ source('run', 'parameters') }} as p
    where t.certified
        and (h.life_status = 'alive' or h.status_date > t.ended_on)
        and not coalesce(d.died_on <= t.ended_on, false)
        and {{ month_number('t.ended_on') }} <= p.cutoff_month
        and extract(year from t.ended_on) >= (select min(q.year) from {{ source('run', 'quarters') }} as q)

),

moments as (

    select person_key, month + 6 as month, {{ last_day_of('(month + 6)') }} as ends_on, province_2024, province_2025
    from completed
    union
    select person_key, month + 12 as month, {{ last_day_of('(month + 12)') }} as ends_on, province_2024, province_2025
    from completed

),

-- an end for every row: "or it has none" in an outer join compares every pair of rows
employer_places as (

    select employer_key, valid_from, coalesce(valid_to, date '9999-12-31') as valid_to, province_2024, province_2025
    from {{ ref('enterprise_history') }}

),

employed as (

    select
        m.person_key,
        m.month,
        m.province_2024,
        m.province_2025,
        sum(c.wage_base) as wage_base,
        max_by(c.employer_key, (c.wage_base, c.employer_key)) as employer_key,
        bool_or(coalesce(e.province_2024 = m.province_2024, false)) as same_province_2024,
        bool_or(coalesce(e.province_2025 = m.province_2025, false)) as same_province_2025
    from moments as m
    inner join {{ ref('contribution_months') }} as c on m.person_key = c.person_key and m.month = c.month
    left join employer_places as e
        on c.employer_key = e.employer_key and m.ends_on >= e.valid_from and m.ends_on < e.valid_to
    where c.compulsory
    group by m.person_key, m.month, m.province_2024, m.province_2025

),

-- outcomes of a year are shown once there is a delivery of insurance for each month they look at
insured_months as (

    select distinct period_month as month
    from {{ source('run', 'deliveries_in_force') }}
    where source = 'social_insurance'

),

observed as (

    select
        y.year,
        count(case when m.month between 12 * y.year + 6 and 12 * y.year + 17 then 1 end) = 12 as observed_6m,
        count(case when m.month between 12 * y.year + 12 and 12 * y.year + 23 then 1 end) = 12 as observed_12m
    from (select distinct year from completed) as y
    cross join insured_months as m
    group by y.year

)

select
    c.person_key,
    c.year,
    c.field_code,
    c.level,
    c.kind,
    c.province_2024,
    c.province_2025,
    o.observed_6m,
    o.observed_12m,
    a.person_key is not null as employed_6m,
    b.person_key is not null as employed_12m,
    b.wage_base as wage_12m,
    b.employer_key as employer_12m,
    coalesce(b.same_province_2024, false) as same_province_2024,
    coalesce(b.same_province_2025, false) as same_province_2025
from completed as c
inner join observed as o on c.year = o.year
left join employed as a
    on c.person_key = a.person_key and c.month + 6 = a.month
    and c.province_2024 = a.province_2024 and c.province_2025 = a.province_2025
left join employed as b
    on c.person_key = b.person_key and c.month + 12 = b.month
    and c.province_2024 = b.province_2024 and c.province_2025 = b.province_2025
