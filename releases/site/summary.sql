-- Headline figures of the last periods, a row for each place and indicator, for the small workbook. Made of: the released table
-- indicators, temporary tables summary_places (basis, area_version, area_code, position, name, lies_in, area_list), summary_indicators
-- (basis, indicator, position, name, unit), summary_periods (period, is_last); variables basis, levels. The columns of periods are
-- put in by Python, in place of the mark.
with figures as (

    select i.* exclude (value), round(i.value, 6) as value, s.is_last
    from indicators as i
    inner join summary_periods as s using (period)
    where
        i.basis = getvariable('basis')
        and list_contains(getvariable('levels'), i.area_level)
        and i.sex = 'total' and i.age_group = 'total' and i.urban_rural = 'total'

)

select
    any_value(p.name) as "Địa bàn",
    any_value(p.lies_in) as "Thuộc",
    any_value(p.area_list) as "Địa giới",
    any_value(n.name) as "Chỉ tiêu",
    any_value(n.unit) as "Đơn vị",
    /*periods*/
    max(f.ci_low) filter (where f.is_last) as "Cận dưới kỳ cuối (95 %)",
    max(f.ci_high) filter (where f.is_last) as "Cận trên kỳ cuối (95 %)",
    max(t.name) filter (where f.is_last) as "Trạng thái kỳ cuối",
    string_agg(f.period, ', ' order by f.period) filter (where f.status = 'low_coverage') as "Kỳ có độ bao phủ thấp"
from figures as f
inner join summary_places as p using (basis, area_version, area_code)
inner join summary_indicators as n using (basis, indicator)
left join code_names as t on t.list = 'statuses' and f.status = t.code
group by p.position, n.position
order by p.position, n.position
