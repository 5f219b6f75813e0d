-- What disclosure control looks at (SPEC §5): counts behind the covered tables, what makes a row sensitive by itself, and
-- what earlier releases showed. Tables disclosure.earlier_<table> are there already: rows of earlier protected releases.

create or replace view disclosure.covered_profiles as
select
    p.* replace (
        lpad(p.province_2024::varchar, 2, '0') as province_2024,
        lpad(p.province_2025::varchar, 2, '0') as province_2025,
        lpad(p.district_2024::varchar, 3, '0') as district_2024,
        lpad(p.commune_2024::varchar, 5, '0') as commune_2024,
        lpad(p.commune_2025::varchar, 5, '0') as commune_2025
    ),
    n.province_code is not null as new_is_covered
from cells.profiles as p
inner join cells.covered_areas as c on c.area_version = '2024' and p.province_2024 = c.province_code
left join cells.covered_areas as n on n.area_version = '2025' and p.province_2025 = n.province_code;

create or replace macro disclosure.is_covered(version, code) as
    exists (
        from cells.covered_areas as c
        where c.area_version = version and lpad(c.province_code::varchar, 2, '0') = code
    )
    or (code = 'unknown' and not exists (from run.covered_provinces));

-- ---- atoms: the finest counts that rows are sums of

create or replace view disclosure.atoms_labour_flows as
select
    (f.quarter // 4) || 'Q' || (f.quarter % 4 + 1) as period,
    f.province_2024,
    f.province_2025,
    disclosure.is_covered('2025', f.province_2025) as new_is_covered,
    f.section,
    sum(f.in_quarter)::bigint as n_m,
    case when any_value(q.quarters_before) > 0 then sum(f.at_beginning)::bigint end as n_b,
    case when bool_and(q.is_followed) then sum(f.at_end)::bigint end as n_e,
    case when any_value(q.quarters_before) > 0 and bool_and(q.is_followed) then sum(f.full_quarter)::bigint end as n_f,
    case when any_value(q.quarters_before) > 0 then sum(f.accessions)::bigint end as n_a,
    case when any_value(q.quarters_before) >= 4 then sum(f.accessions - f.recalls)::bigint end as n_h,
    case when any_value(q.quarters_before) >= 4 then sum(f.recalls)::bigint end as n_r,
    case when bool_and(q.is_followed) then sum(f.separations)::bigint end as n_s,
    case when any_value(q.quarters_before) > 0 and bool_and(q.is_followed) then sum(f.created)::bigint end as n_jc,
    case when any_value(q.quarters_before) > 0 and bool_and(q.is_followed) then sum(f.destroyed)::bigint end as n_jd
from cells.placed_flows as f
inner join run.flow_quarters as q on f.quarter = q.quarter
where disclosure.is_covered('2024', f.province_2024)
group by f.quarter, f.province_2024, f.province_2025, f.section;

create or replace view disclosure.atoms_transitions as
select
    (quarter // 4) || 'Q' || (quarter % 4 + 1) as period,
    lag,
    province_2024,
    province_2025,
    disclosure.is_covered('2025', province_2025) as new_is_covered,
    sex,
    age_group,
    from_status,
    to_status,
    sum(persons)::bigint as n_persons
from cells.status_changes
where disclosure.is_covered('2024', province_2024)
group by all;

-- beside each outcome those without it, and each list of areas with its own meaning of "same province"
create or replace view disclosure.atoms_training_outcomes as
select
    year,
    province_2024,
    province_2025,
    disclosure.is_covered('2025', province_2025) as new_is_covered,
    field_code,
    level,
    kind,
    count(*) as n_completions,
    case when bool_and(observed_6m) then count(*) filter (where employed_6m) end as n_employed_6m,
    case when bool_and(observed_6m) then count(*) filter (where not employed_6m) end as n_not_employed_6m,
    case when bool_and(observed_12m) then count(*) filter (where employed_12m) end as n_employed_12m,
    case when bool_and(observed_12m) then count(*) filter (where not employed_12m) end as n_not_employed_12m,
    case when bool_and(observed_12m) then count(*) filter (where same_province_2024) end as n_same_province_2024,
    case when bool_and(observed_12m) then count(*) filter (where employed_12m and not same_province_2024) end
        as n_elsewhere_2024,
    case when bool_and(observed_12m) then count(*) filter (where same_province_2025) end as n_same_province_2025,
    case when bool_and(observed_12m) then count(*) filter (where employed_12m and not same_province_2025) end
        as n_elsewhere_2025
from cells.completions
where disclosure.is_covered('2024', province_2024)
group by all;

create or replace view disclosure.atoms_linkage as
select
    l.source,
    l.period,
    l.revision,
    l.rule,
    l.sex,
    l.province_2024,
    l.rows as n_rows,
    sum(l.rows) over (partition by l.source, l.period, l.revision) = a.accepted as closes,
    coalesce(e.was_suppressed, false) as sensitive,
    coalesce(e.public, false) as public_n_rows
from covered.linkage as l
left join (
    select source, period, revision, sum(accepted)::bigint as accepted
    from candidates.row_accounting
    where disposition = 'used'
    group by all
) as a using (source, period, revision)
left join (
    select
        o.source, o.period, o.revision, o.rule, o.sex, o.province_2024,
        bool_or(o.status = 'suppressed') as was_suppressed,
        bool_or(o.status <> 'suppressed' and o.rows = n.rows) as public
    from disclosure.earlier_linkage as o
    inner join covered.linkage as n using (source, period, revision, rule, sex, province_2024)
    group by all
) as e using (source, period, revision, rule, sex, province_2024)
order by all;

-- ---- flags: rows that are sensitive whatever they count, and figures that an earlier release showed

create or replace macro disclosure.quarter(period) as period[:4]::integer * 4 + period[6]::integer;

create or replace view disclosure.flags_labour_flows as
select
    c.period, c.area_version, c.area_level, c.area_code, c.section,
    any_value(w.fewest_employers) < 3 as few_employers,
    bool_or(w.is_dominated) as dominated,
    coalesce(bool_or(o.status = 'suppressed'), false) as was_suppressed,
    few_employers or dominated or was_suppressed as sensitive,
    {flow_figures}
from covered.labour_flows as c
left join cells.flow_employers as w using (period, area_version, area_level, area_code, section)
left join disclosure.earlier_labour_flows as o using (period, area_version, area_level, area_code, section)
-- jobs at the end of a quarter are those at the beginning of the next
left join disclosure.earlier_labour_flows as before
    on disclosure.quarter(c.period) = disclosure.quarter(before.period) + 1
    and (c.area_version, c.area_level, c.area_code, c.section)
    = (before.area_version, before.area_level, before.area_code, before.section)
left join disclosure.earlier_labour_flows as after
    on disclosure.quarter(c.period) = disclosure.quarter(after.period) - 1
    and (c.area_version, c.area_level, c.area_code, c.section)
    = (after.area_version, after.area_level, after.area_code, after.section)
group by c.period, c.area_version, c.area_level, c.area_code, c.section;

create or replace view disclosure.flags_transitions as
select
    c.period, c.lag, c.area_version, c.area_level, c.area_code, c.sex, c.age_group, c.from_status, c.to_status,
    bool_or(o.status = 'suppressed') as was_suppressed,
    was_suppressed as sensitive,
    bool_or(o.persons = c.persons) as public_n_persons
from covered.transitions as c
inner join disclosure.earlier_transitions as o
    using (period, lag, area_version, area_level, area_code, sex, age_group, from_status, to_status)
group by all;

create or replace view disclosure.flags_training_outcomes as
select
    c.year, c.area_version, c.area_level, c.area_code, c.field_code, c.level, c.kind,
    coalesce(any_value(w.employers) < 3, false) as few_employers,
    coalesce(bool_or(w.is_dominated), false) as dominated,
    coalesce(bool_or(o.status = 'suppressed'), false) as was_suppressed,
    few_employers or dominated or was_suppressed as sensitive,
    bool_or(o.completions = c.completions) as public_n_completions,
    bool_or(o.employed_6m = c.employed_6m) as public_n_employed_6m,
    bool_or(o.employed_12m = c.employed_12m) as public_n_employed_12m,
    bool_or(o.completions = c.completions and o.employed_6m = c.employed_6m) as public_n_not_employed_6m,
    bool_or(o.completions = c.completions and o.employed_12m = c.employed_12m) as public_n_not_employed_12m,
    bool_or(o.same_province_12m = c.same_province_12m) and c.area_version = '2024' as public_n_same_province_2024,
    bool_or(o.same_province_12m = c.same_province_12m) and c.area_version = '2025' as public_n_same_province_2025,
    bool_or(o.same_province_12m = c.same_province_12m and o.employed_12m = c.employed_12m)
        and c.area_version = '2024' as public_n_elsewhere_2024,
    bool_or(o.same_province_12m = c.same_province_12m and o.employed_12m = c.employed_12m)
        and c.area_version = '2025' as public_n_elsewhere_2025
from covered.training_outcomes as c
left join cells.training_wage_employers as w
    on c.median_wage_12m is not null and c.year = w.year and c.area_version = w.area_version
    and c.area_level = w.area_level and c.area_code = w.area_code and c.field_code = w.field_code
    and c.level = w.level and c.kind = w.kind
left join disclosure.earlier_training_outcomes as o
    on c.year = o.year and c.area_version = o.area_version and c.area_level = o.area_level
    and c.area_code = o.area_code and c.field_code = o.field_code and c.level = o.level and c.kind = o.kind
group by c.year, c.area_version, c.area_level, c.area_code, c.field_code, c.level, c.kind;

-- of each count that indicators show, whether an earlier release showed the same number, and whether one hid it
create or replace table disclosure.earlier_counts as
with terms as (

    select o.release_id, o.period, o.area_version, o.area_level, o.area_code, o.sex, o.age_group, o.urban_rural,
        d.numerator as measure, o.numerator as value, o.status = 'suppressed' as is_suppressed
    from disclosure.earlier_indicators as o
    inner join reference.indicator_definitions as d using (indicator)
    where o.basis = 'register' and o.status <> 'not_available'
    union all
    select o.release_id, o.period, o.area_version, o.area_level, o.area_code, o.sex, o.age_group, o.urban_rural,
        d.denominator, o.denominator, o.status = 'suppressed'
    from disclosure.earlier_indicators as o
    inner join reference.indicator_definitions as d using (indicator)
    where o.basis = 'register' and o.status <> 'not_available' and d.denominator is not null

),

-- a release hides a count if no row of it shows it
by_release as (

    select release_id, period, area_version, area_level, area_code, sex, age_group, urban_rural, measure,
        max(value) as value, bool_and(is_suppressed) as is_suppressed
    from terms
    group by all

),

now_counted as (

    unpivot (from cells.cells) on {measures} into name measure value value

)

select n.quarter, n.area_version, n.area_level, n.area_code, n.sex, n.age_group, n.urban_rural, n.measure,
    bool_or(b.value is not distinct from n.value and not b.is_suppressed) as public,
    bool_or(b.is_suppressed) as was_suppressed
from now_counted as n
inner join by_release as b
    on (n.quarter // 4) || 'Q' || (n.quarter % 4 + 1) = b.period and n.area_version = b.area_version
    and n.area_level = b.area_level and n.area_code = b.area_code and n.sex = b.sex and n.age_group = b.age_group
    and n.urban_rural = b.urban_rural and n.measure = b.measure
group by all;
