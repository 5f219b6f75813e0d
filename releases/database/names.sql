-- The tables of labour.duckdb that name the codes of the released tables. Made here from: temporary tables words (list, kind,
-- position, code, vi, en), found (list, code), found_areas, found_indicators, registers; variable seeds, the folder of the seeds.
create temp table named as
with stated as (

    select list, kind, position, code, vi, en from words
    union all
    -- codes that agencies may send and no list has: a name is made of the code itself
    select
        f.list, null, null, f.code,
        case
            when f.list = 'age_group' and regexp_full_match(f.code, '\d+-\d+') then replace(f.code, '-', '–') || ' tuổi'
            when f.list = 'age_group' and regexp_full_match(f.code, '\d+\+') then 'Từ ' || replace(f.code, '+', '') || ' tuổi trở lên'
            when f.list = 'fields' then 'Ngành đào tạo ' || f.code
            else f.code
        end,
        case
            when f.list = 'age_group' and regexp_full_match(f.code, '\d+-\d+') then 'Aged ' || replace(f.code, '-', '–')
            when f.list = 'age_group' and regexp_full_match(f.code, '\d+\+') then replace(f.code, '+', '') || ' and over'
            when f.list = 'fields' then 'Field ' || f.code
            else f.code
        end
    from found as f
    anti join words as w using (list, code)

)

-- in the order of their list, those of no list after them
select * replace (row_number() over (partition by list, kind order by position nulls last, code) as position) from stated;

create temp table places as
with listed as (

    select area_version, level as area_level, code as area_code, name, type, nullif(parent_code, '') as parent_code, urban
    from read_csv(getvariable('seeds') || '/areas.csv', all_varchar = true)

)

select
    a.area_version, a.area_level, a.area_code, a.name, a.type,
    case a.area_level
        when 'province' then 'country' when 'district' then 'province' else coalesce(d.area_level, 'province')
    end as parent_level,
    coalesce(a.parent_code, 'VN') as parent_code,
    coalesce(d.parent_code, a.parent_code, a.area_code) as province_code,
    try_cast(a.urban as boolean) as is_urban
from listed as a
left join listed as d on d.area_level = 'district' and a.area_version = d.area_version and a.parent_code = d.area_code;

create temp table known_areas as
select
    area_version, area_level, area_code, name as name_vi, name as name_en, type, parent_level, parent_code, province_code, is_urban
from places
union all
select
    p.area_version, 'commune', p.area_code || ':unallocated', p.name || ' (' || lower(w.vi) || ')', p.name || ' (' || lower(w.en) || ')',
    null, 'province', p.area_code, p.area_code, null
from places as p
inner join words as w on w.list = 'areas' and w.code = 'unallocated'
where p.area_level = 'province'
union all
-- the country and what is no place: they have no parent
select v.area_version, if(w.code = 'unknown', 'province', 'country'), w.code, w.vi, w.en, null, null, null, null, null
from words as w
cross join (select distinct area_version from places) as v
where w.list = 'areas' and w.code <> 'unallocated';

create table areas as
select * from known_areas
union all
select area_version, area_level, area_code, area_code, area_code, null, null, null, null, null
from found_areas
anti join known_areas using (area_version, area_level, area_code)
order by area_version, area_level, area_code;

create table area_links as
with changes as (

    select * from read_csv(getvariable('seeds') || '/area_changes.csv', all_varchar = true)

),

provinces as (

    select distinct old_province_code, new_province_code from changes

)

select
    'commune' as area_level,
    old_commune_code as area_code_2024,
    new_commune_code as area_code_2025,
    old_commune_is_split::boolean as is_split
from changes
union all
select 'province', old_province_code, new_province_code, count(*) over (partition by old_province_code) > 1
from provinces
order by all;

create table indicators_dictionary as
with official as (

    select distinct indicator from (
        select code as indicator from words where list = 'official indicators'
        union all
        select indicator from found_indicators where basis = 'official'
    )

),

units as (

    select indicator, min(unit) as unit from found_indicators where basis = 'official' group by indicator

)

select * replace (row_number() over (order by basis desc, position nulls last, indicator) as position)
from (

    select 'register' as basis, * from registers
    union all
    select
        'official', o.indicator, null, u.unit,
        coalesce(w.vi, r.name_vi, o.indicator), coalesce(w.en, r.name_en, o.indicator),
        'Theo định nghĩa của cơ quan thống kê công bố số liệu.', 'As the statistics office that publishes it defines it.',
        null, null, null
    from official as o
    left join units as u using (indicator)
    left join words as w on w.list = 'official indicators' and o.indicator = w.code
    left join registers as r using (indicator)
    union all
    -- a target of an indicator that the registers do not count
    select 'register', indicator, null, null, indicator, indicator, null, null, null, null, null
    from (select distinct basis, indicator from found_indicators)
    anti join registers using (indicator)
    where basis = 'register'

)
order by position;

create table sections as
select code as section, position, vi as name_vi, en as name_en from named where list = 'sections' order by position;

create table occupations as
select code as occupation_group, position, vi as name_vi, en as name_en from named where list = 'occupations' order by position;

create table fields as
select code as field_code, position, vi as name_vi, en as name_en from named where list = 'fields' order by position;

create table statuses as
select code as status, kind, position, vi as name_vi, en as name_en from named where list = 'statuses' order by kind, position;

create table codes as
select list, code, position, vi as name_vi, en as name_en
from named
where list not in ('sections', 'occupations', 'fields', 'statuses', 'areas', 'official indicators')
order by list, position;
