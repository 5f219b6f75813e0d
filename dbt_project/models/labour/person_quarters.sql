{{ config(materialized='kept', meta={'anew': 'quarters'}) }}
-- One row per resident aged 15+ and quarter, in small numbers (SPEC §4); labour_status gives it in words.
-- hits: one bit per step of the ladder (macro ladder); the lowest is the status, the next one the runner-up.
with residents as (

    select
        p.person_key,
        q.quarter,
        q.ends_on,
        q.year,
        q.area_version as list_in_force,
        p.sex = 'male' as is_male,
        cast(
            12 * (extract(year from q.ends_on) - extract(year from p.birth_date))
            + extract(month from q.ends_on) - extract(month from p.birth_date)
            - case when extract(day from q.ends_on) < extract(day from p.birth_date) then 1 else 0 end
            as integer
        ) as age_months,
        p.area_version,
        p.commune_code,
        p.last_old_commune
    from {{ ref('population_records') }} as p
    inner join {{ source('run', 'quarters') }} as q
        on p.valid_from <= q.ends_on and (p.valid_to is null or p.valid_to > q.ends_on)
    left join {{ ref('late_deaths') }} as d on p.person_key = d.person_key
    where not (p.life_status <> 'alive' and coalesce(p.status_date <= q.ends_on, false))
        and not coalesce(d.died_on <= q.ends_on, false)
        and {{ anew('quarters', 'q.quarter', 'p.person_key') }}

),

-- the two large joins are each computed first, so that their hash tables are not in memory together
placed as {{ computed_first() }} (

    select
        r.person_key,
        r.quarter,
        r.is_male,
        cast(r.age_months as smallint) as age_months,
        r.age_months < case
            when r.is_male then w.male_years * 12 + w.male_months
            else w.female_years * 12 + w.female_months
        end as working_age,
        cast(c.province_2024 as smallint) as province_2024,
        cast(c.province_2025 as smallint) as province_2025,
        cast(coalesce(o.old_district, c.district_2024) as smallint) as district_2024,
        coalesce(c.commune_2024, o.old_commune) as commune_2024,
        c.commune_2025,
        case r.list_in_force when '2024' then coalesce(o.old_urban, c.urban_before) else c.urban_from end as urban,
        l.activity as registered_activity,
        l.section as registered_section,
        l.weekly_hours,
        coalesce(l.underemployed, false) as says_underemployed,
        l.technical_level as registered_level
    from residents as r
    inner join {{ ref('communes') }} as c
        on r.area_version = c.area_version and r.commune_code = c.commune_code
    inner join {{ ref('working_ages') }} as w on r.year = w.year
    left join {{ ref('commune_changes') }} as o
        on case when r.area_version = '2025' and c.commune_2024 is null then r.commune_code end = o.new_commune
        and r.last_old_commune = o.old_commune
    left join {{ ref('registered_quarters') }} as l on r.person_key = l.person_key and r.quarter = l.quarter
    where r.age_months >= 180

),

insured as {{ computed_first() }} (

    select
        p.*,
        coalesce(i.compulsory, false) as compulsory,
        coalesce(i.voluntary, false) as voluntary,
        coalesce(i.unemployment_insured, false) as unemployment_insured,
        i.wage_base,
        i.employer_key as insured_employer
    from placed as p
    left join {{ ref('insured_quarters') }} as i on p.person_key = i.person_key and p.quarter = i.quarter

),

joined as (

    select
        p.*,
        o.employer_key as owned_employer,
        o.section as owned_section,
        greatest(coalesce(t.certified_level, -1), coalesce(p.registered_level, -1)) as level_or_none,
        coalesce(t.retrained, false) as retrained,
        {{ ladder_hits('c.hits') }} as hits
    from insured as p
    left join {{ ref('owner_quarters') }} as o on p.person_key = o.person_key and p.quarter = o.quarter
    left join {{ ref('claimed_quarters') }} as c on p.person_key = c.person_key and p.quarter = c.quarter
    left join {{ ref('trained_quarters') }} as t on p.person_key = t.person_key and p.quarter = t.quarter

),

ranked as (

    select
        *,
        hits & (-hits) as first_hit,
        (hits - (hits & (-hits))) & (-(hits - (hits & (-hits)))) as second_hit
    from joined

),

decided as (

    select
        *,
        {{ status_of_hit('first_hit', 'registered_activity') }} as status,
        {{ status_of_hit('second_hit', 'registered_activity') }} as runner_up_status,
        first_hit = {{ bit_of('social_insurance') }} as is_insured_job,
        first_hit = {{ bit_of('business_registration') }} as is_own_enterprise
    from ranked

)

select
    d.person_key,
    d.quarter,
    d.is_male,
    d.age_months,
    d.working_age,
    d.province_2024,
    d.province_2025,
    d.district_2024,
    d.commune_2024,
    d.commune_2025,
    d.urban,
    cast(d.status as smallint) as status,
    cast(d.first_hit as smallint) as source_bit,
    cast(d.runner_up_status as smallint) as runner_up_status,
    cast(d.second_hit as smallint) as runner_up_bit,
    case
        when d.is_insured_job then d.insured_employer when d.is_own_enterprise then d.owned_employer
    end as employer_key,
    case
        when d.status = 1
            then coalesce(
                    case when d.is_insured_job then e.section when d.is_own_enterprise then d.owned_section end,
                    d.registered_section
                )
    end as section,
    case when d.level_or_none >= 0 then cast(d.level_or_none as smallint) end as technical_level,
    d.weekly_hours,
    d.says_underemployed,
    d.retrained,
    d.compulsory,
    d.voluntary,
    d.unemployment_insured,
    d.wage_base
from decided as d
left join {{ ref('employer_quarters') }} as e
    on case when d.is_insured_job then d.insured_employer end = e.employer_key and d.quarter = e.quarter
