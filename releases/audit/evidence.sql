-- The delivered row behind each fact about the persons of table cell_persons, by the number of the row.
-- Parameters: quarter, ends_on, month (the reference month), year_starts_on; record (what the numerator rests on beyond the
-- status, by its name among the records below, or null); of_denominator (whether all of the denominator rests on it).
-- role residence: the population record in force at D; one per person.
-- role status: the row that decided the status; one per person whose status a source decides (labour.reference.ladder).
-- role condition: the row that puts a person into the numerator beyond the status, or tells of all of the denominator; one
-- per person. Of several rows that would do, that of the main job or the greatest wage, then the latest.
create or replace temp table evidence as
with residences as (

    select p.person_key, r.row_id
    from cell_persons as p
    inner join restricted.identity.population_records as r on p.person_key = r.person_key
    where r.valid_from <= $ends_on and (r.valid_to is null or r.valid_to > $ends_on)

),

contributions as (

    select
        p.person_key, c.row_id, c.compulsory, c.unemployment_insured, c.wage_base,
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

-- any contribution: a compulsory one where there is one
contribution as (

    select coalesce(c.person_key, v.person_key) as person_key, coalesce(c.row_id, v.row_id) as row_id
    from compulsory as c
    full join voluntary as v on c.person_key = v.person_key

),

unemployment_insured as (

    select *
    from contributions
    where compulsory and unemployment_insured
    qualify row_number() over (partition by person_key order by main_job desc, wage_base desc, row_id desc) = 1

),

enterprises as (

    select p.person_key, e.row_id, e.section
    from cell_persons as p
    inner join restricted.identity.enterprise_records as e on p.employer_key = e.employer_key
    where e.valid_from <= $ends_on and (e.valid_to is null or e.valid_to > $ends_on)

),

claims as (

    select p.person_key, c.claim, l.source, c.row_id
    from cell_persons as p
    inner join labour.labour.claims as c on p.person_key = c.person_key and p.source_name = c.claim
    inner join labour.reference.ladder as l on c.claim = l.step
    where c.starts_on <= $ends_on and (c.before_date is null or c.before_date > $ends_on)
    qualify row_number() over (partition by p.person_key order by c.row_id desc) = 1

),

registered as (

    select p.person_key, r.row_id, r.section, r.technical_level
    from cell_persons as p
    inner join labour.labour.surveys as r on p.person_key = r.person_key
    where $quarter >= r.first_quarter and $quarter < r.before_quarter

),

episodes as (

    select
        p.person_key, p.technical_level, t.*
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
        kind = 'initial' and level_rank >= 4
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

-- every record a step of the ladder or a measure may rest on, by name; one row per person and record
records as (

    select 'compulsory' as record, 'social_insurance' as source, person_key, row_id from compulsory
    union all
    select 'voluntary', 'social_insurance', person_key, row_id from voluntary
    union all
    select 'contribution', 'social_insurance', person_key, row_id from contribution
    union all
    select 'unemployment_insured', 'social_insurance', person_key, row_id from unemployment_insured
    union all
    select 'enterprise', 'enterprises', person_key, row_id from enterprises
    union all
    select claim, source, person_key, row_id from claims
    union all
    select 'survey', 'labour_register', person_key, row_id from registered
    union all
    select 'studies', 'training', person_key, row_id from studies
    union all
    select 'course', 'training', person_key, row_id from courses
    union all
    select 'level', source, person_key, row_id from levels
    union all
    select 'section', source, person_key, row_id from sections

)

select 'residence' as role, null as status_source, 'population' as source, person_key, row_id from residences
union all
select 'status', l.step, r.source, r.person_key, r.row_id
from records as r
inner join cell_persons as p on r.person_key = p.person_key
inner join labour.reference.ladder as l on p.source_name = l.step and r.record = l.record
union all
select 'condition', null, r.source, r.person_key, r.row_id
from records as r
inner join cell_persons as p on r.person_key = p.person_key
where r.record = $record and r.row_id is not null and case when $of_denominator then p.in_denominator else p.in_numerator end
