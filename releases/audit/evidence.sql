-- The delivered row behind each fact about the persons of table cell_persons, by the number of the row.
-- Parameters: quarter, ends_on, month (the reference month), year_starts_on, measure (the numerator's name).
-- role residence: the population record in force at D; one per person.
-- role status: the row that decided the status; one per person whose status a source decides.
-- role condition: the row that puts a person into the numerator beyond the status, or tells the section of the
-- denominator; one per person. Of several rows that would do, that of the main job or the greatest wage, then the latest.
create or replace temp table evidence as
with records as (

    select p.person_key, r.row_id
    from cell_persons as p
    inner join restricted.identity.population_records as r on p.person_key = r.person_key
    where r.valid_from <= $ends_on and (r.valid_to is null or r.valid_to > $ends_on)

),

contributions as (

    select
        p.person_key, p.source_name, c.row_id, c.compulsory, c.unemployment_insured, c.wage_base,
        c.employer_key is not distinct from p.employer_key as main_job
    from cell_persons as p
    inner join labour.labour.contribution_months as c on p.person_key = c.person_key
    where c.month = $month

),

compulsory as (

    select *
    from contributions
    where compulsory
    qualify row_number() over (partition by person_key order by main_job desc, wage_base desc, row_id desc) = 1

),

voluntary as (

    select *
    from contributions
    where not compulsory
    qualify row_number() over (partition by person_key order by wage_base desc, row_id desc) = 1

),

unemployment_insured as (

    select *
    from contributions
    where compulsory and unemployment_insured
    qualify row_number() over (partition by person_key order by main_job desc, wage_base desc, row_id desc) = 1

),

enterprises as (

    select p.person_key, p.source_name, e.row_id, e.section
    from cell_persons as p
    inner join restricted.identity.enterprise_records as e on p.employer_key = e.employer_key
    where e.valid_from <= $ends_on and (e.valid_to is null or e.valid_to > $ends_on)

),

claims as (

    select
        p.person_key, c.row_id,
        case c.claim when 'abroad' then 'overseas_contracts' when 'benefit' then 'unemployment_benefits' else 'job_seekers' end
            as source
    from cell_persons as p
    inner join labour.labour.claims as c on p.person_key = c.person_key
    where
        c.starts_on <= $ends_on and (c.before_date is null or c.before_date > $ends_on)
        and p.source_name
        = case c.claim when 'abroad' then 'overseas_contract' when 'benefit' then 'unemployment_benefit' else 'job_seeker' end
    qualify row_number() over (partition by p.person_key order by c.row_id desc) = 1

),

registered as (

    select p.person_key, p.source_name, r.row_id, r.section, r.underemployed, r.technical_level
    from cell_persons as p
    inner join labour.labour.registered_quarters as r on p.person_key = r.person_key
    where r.quarter = $quarter

),

episodes as (

    select
        p.person_key, p.source_name, p.technical_level, t.*
    exclude (person_key),
        list_position(
            ['untrained', 'no_certificate', 'under_3_months', 'elementary', 'intermediate', 'college', 'university', 'postgraduate'],
            t.level
        ) - 1 as level_rank
    from cell_persons as p
    inner join labour.labour.training_episodes as t on p.person_key = t.person_key

),

studies as (

    select person_key, max(row_id) as row_id
    from episodes
    where
        source_name = 'training' and kind = 'initial' and level_rank >= 4
        and started_on <= $ends_on and (ended_on is null or ended_on > $ends_on)
    group by person_key

),

courses as (

    select person_key, max(row_id) as row_id
    from episodes
    where
        outcome = 'completed' and kind in ('retraining', 'continuing') and ended_on between $year_starts_on and $ends_on
    group by person_key

),

certificates as (

    select person_key, max(row_id) as row_id
    from episodes
    where certified and ended_on <= $ends_on and level_rank = technical_level
    group by person_key

),

levels as (

    select
        p.person_key,
        case when c.row_id is not null then 'training' else 'labour_register' end as source,
        coalesce(c.row_id, r.row_id) as row_id
    from cell_persons as p
    left join certificates as c on p.person_key = c.person_key
    left join registered as r on p.person_key = r.person_key and p.technical_level = r.technical_level

),

sections as (

    select
        p.person_key,
        case when e.section is not null then 'enterprises' else 'labour_register' end as source,
        case when e.section is not null then e.row_id when r.section is not null then r.row_id end as row_id
    from cell_persons as p
    left join enterprises as e on p.person_key = e.person_key
    left join registered as r on p.person_key = r.person_key

),

conditions as (

    select person_key, 'labour_register' as source, row_id
    from registered
    where $measure = 'underemployed' and underemployed
    union all
    select person_key, source, row_id from sections where $measure = 'employed_in_agriculture'
    union all
    select person_key, source, row_id from levels where $measure in ('employed_trained', 'employed_certified')
    union all
    select person_key, 'training', row_id from courses where $measure = 'labour_force_retrained'
    union all
    select person_key, 'social_insurance', row_id
    from compulsory
    where $measure in ('labour_force_insured', 'employed_compulsory')
    union all
    select v.person_key, 'social_insurance', v.row_id
    from voluntary as v
    left join compulsory as c on v.person_key = c.person_key
    where $measure in ('labour_force_insured', 'labour_force_voluntary') and c.person_key is null
    union all
    select person_key, 'social_insurance', row_id
    from unemployment_insured
    where $measure = 'labour_force_unemployment_insured'

)

select 'residence' as role, null as status_source, 'population' as source, person_key, row_id from records
union all
select 'status', 'social_insurance', 'social_insurance', person_key, row_id
from compulsory
where source_name = 'social_insurance'
union all
select 'status', 'business_registration', 'enterprises', person_key, row_id
from enterprises
where source_name = 'business_registration'
union all
select 'status', 'voluntary_insurance', 'social_insurance', person_key, row_id
from voluntary
where source_name = 'voluntary_insurance'
union all
select 'status', p.source_name, c.source, c.person_key, c.row_id
from claims as c
inner join cell_persons as p on c.person_key = p.person_key
union all
select 'status', 'labour_register', 'labour_register', person_key, row_id
from registered
where source_name = 'labour_register'
union all
select 'status', 'training', 'training', person_key, row_id from studies
union all
select 'condition', null, c.source, c.person_key, c.row_id
from conditions as c
inner join cell_persons as p on c.person_key = p.person_key
where c.row_id is not null and case when $measure = 'employed_in_agriculture' then p.in_denominator else p.in_numerator end
