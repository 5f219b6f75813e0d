-- One row per count of linked rows; it fails if its words are not from their lists, or it counts nothing.
select
    'linkage: rows' as object,
    not coalesce(
        rows > 0
        and rule in ('citizen_id', 'previous_id', 'si_number', 'name_birth_sex', 'probabilistic', 'review', 'unlinked')
        and sex in ('male', 'female', 'unknown'), false
    ) as failed,
    source || ' ' || period as subject,
    'revision ' || revision || ', ' || rule || ', ' || sex || ', ' || province_2024 as cell,
    rows
from {warehouse}.candidates.linkage
union all
-- what is published is the same in fives, by source, month and rule
select
    'linkage: published' as object,
    not coalesce(
        case when p.protects then l.rows % 5 = 0 and abs(l.rows - c.rows) <= 2 else l.rows = c.rows end, false
    ) as failed,
    source || ' ' || period as subject,
    rule as cell,
    l.rows
from {warehouse}.published.linkage as l
full join (
    select source, period, rule, sum(rows) as rows
    from {warehouse}.candidates.linkage
    where province_2024 = 'unknown' or not exists (select 1 from {warehouse}.run.covered_provinces)
        or province_2024 in (
            select lpad(province_code::varchar, 2, '0') from {warehouse}.cells.covered_areas where area_version = '2024'
        )
    group by source, period, rule
) as c using (source, period, rule)
cross join {warehouse}.run.parameters as p
