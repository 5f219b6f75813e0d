{{ config(materialized='kept', meta={'anew': 'quarters'}) }}
-- One row per resident aged 15+ and quarter, in small numbers (SPEC §4); labour_status gives it in words.
-- hits: one bit per step of the ladder (macro ladder); the lowest is the status, the next one the runner-up.
-- A reference date is the last day of its quarter, so what counts from a day on counts from the day's quarter on.
with quarters as (

    select
        q.quarter,
        q.area_version,
        12 * extract(year from q.ends_on) + extract(month from q.ends_on) as month_number,
        extract(day from q.ends_on) as day_of_month,
        12 * w.male_years + w.male_months as male_upper_age,
        12 * w.female_years + w.female_months as female_upper_age
    from {{ source('run', 'quarters') }} as q
    inner join {{ ref('working_ages') }} as w on q.year = w.year

),

published as (

    select
        min(quarter) as first_quarter,
        max(quarter) + 1 as before_quarter
    from quarters

),

-- the quarters from any one until before any other, so that an interval finds its own by equality
spans as (

    select
        f.quarter as first_quarter,
        l.quarter + 1 as before_quarter,
        q.*
    from quarters as q
    inner join quarters as f on q.quarter >= f.quarter
    inner join quarters as l on q.quarter <= l.quarter

),

records as (

    select
        p.person_key,
        greatest({{ quarter_number('p.valid_from') }}, b.first_quarter) as first_quarter,
        least(
            coalesce({{ quarter_number('p.valid_to') }}, b.before_quarter),
            case
                when p.life_status <> 'alive' and p.status_date is not null then {{ quarter_number('p.status_date') }}
                else b.before_quarter
            end,
            coalesce({{ quarter_number('d.died_on') }}, b.before_quarter),
            b.before_quarter
        ) as before_quarter,
        p.sex = 'male' as is_male,
        cast(12 * extract(year from p.birth_date) + extract(month from p.birth_date) as integer) as birth_month,
        cast(extract(day from p.birth_date) as smallint) as birth_day,
        cast(c.province_2024 as smallint) as province_2024,
        cast(c.province_2025 as smallint) as province_2025,
        cast(coalesce(o.old_district, c.district_2024) as smallint) as district_2024,
        coalesce(c.commune_2024, o.old_commune) as commune_2024,
        c.commune_2025,
        coalesce(o.old_urban, c.urban_before) as urban_before,
        c.urban_from
    from {{ ref('population_records') }} as p
    inner join {{ ref('communes') }} as c
        on p.area_version = c.area_version and p.commune_code = c.commune_code
    left join {{ ref('commune_changes') }} as o
        on case when p.area_version = '2025' and c.commune_2024 is null then p.commune_code end = o.new_commune
        and p.last_old_commune = o.old_commune
    left join {{ ref('late_deaths') }} as d on p.person_key = d.person_key
    cross join published as b

),

residents as (

    select
        r.person_key,
        q.quarter,
        r.is_male,
        cast(
            q.month_number - r.birth_month - case when q.day_of_month < r.birth_day then 1 else 0 end as smallint
        ) as age_months,
        cast(case when r.is_male then q.male_upper_age else q.female_upper_age end as smallint) as upper_age_months,
        r.province_2024,
        r.province_2025,
        r.district_2024,
        r.commune_2024,
        r.commune_2025,
        case q.area_version when '2024' then r.urban_before else r.urban_from end as urban
    from records as r
    inner join spans as q on r.first_quarter = q.first_quarter and r.before_quarter = q.before_quarter
    where {{ anew('quarters', 'q.quarter', 'r.person_key') }}

),

joined as (

    select
        p.*,
        s.activity as registered_activity,
        s.section as registered_section,
        s.weekly_hours,
        coalesce(s.underemployed, false) as says_underemployed,
        coalesce(i.compulsory, false) as compulsory,
        coalesce(i.voluntary, false) as voluntary,
        coalesce(i.unemployment_insured, false) as unemployment_insured,
        i.wage_base,
        i.employer_key as insured_employer,
        e.section as insured_section,
        o.employer_key as owned_employer,
        o.section as owned_section,
        greatest(coalesce(t.certified_level, -1), coalesce(s.technical_level, -1)) as level_or_none,
        coalesce(t.retrained, false) as retrained,
        {{ ladder_hits('c.hits') }} as hits
    from residents as p
    left join {{ ref('surveys') }} as s
        on p.person_key = s.person_key and p.quarter >= s.first_quarter and p.quarter < s.before_quarter
    left join {{ ref('insured_quarters') }} as i on p.person_key = i.person_key and p.quarter = i.quarter
    left join {{ ref('employer_quarters') }} as e on i.employer_key = e.employer_key and i.quarter = e.quarter
    left join {{ ref('owner_quarters') }} as o on p.person_key = o.person_key and p.quarter = o.quarter
    left join {{ ref('claimed_quarters') }} as c on p.person_key = c.person_key and p.quarter = c.quarter
    left join {{ ref('trained_quarters') }} as t on p.person_key = t.person_key and p.quarter = t.quarter
    where p.age_months >= 180

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
    d.age_months < d.upper_age_months as working_age,
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
                    case when d.is_insured_job then d.insured_section when d.is_own_enterprise then d.owned_section end,
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
