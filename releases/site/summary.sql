-- Headline figures of the last periods, a row for each place and indicator, for the small workbook. Made of: the
-- released table indicators, temporary tables summary_places (basis, area_version, area_code, position, name, lies_in,
-- area_list), summary_indicators (basis, indicator, position, name, unit), summary_periods (period, is_last),
-- code_names; variables basis, levels. Python puts a column for each period in place of the mark, and gives all
-- columns their titles.
with figures as (

    select i.* exclude (value), s.is_last, round(i.value, 6) as value
    from indicators as i
    inner join summary_periods as s on i.period = s.period
    where
        i.basis = getvariable('basis')
        and list_contains(getvariable('levels'), i.area_level)
        and i.sex = 'total' and i.age_group = 'total' and i.urban_rural = 'total'

)

select
    any_value(p.name) as place,
    any_value(p.lies_in) as lies_in,
    any_value(p.area_list) as area_list,
    any_value(n.name) as indicator,
    any_value(n.unit) as unit,
    /*periods*/
    max(f.ci_low) filter (where f.is_last) as ci_low,
    max(f.ci_high) filter (where f.is_last) as ci_high,
    max(t.name) filter (where f.is_last) as status,
    string_agg(f.period, ', ' order by f.period) filter (where f.status = 'low_coverage') as low_coverage
from figures as f
inner join summary_places as p on f.basis = p.basis and f.area_version = p.area_version and f.area_code = p.area_code
inner join summary_indicators as n on f.basis = n.basis and f.indicator = n.indicator
left join code_names as t on f.status = t.code and t.list = 'statuses'
group by p.position, n.position
order by p.position, n.position
