{% set period %}({{ first_year }} + q // 4)::varchar || 'Q' || (q % 4 + 1)::varchar{% endset %}
{% set code %}case l when 'country' then 'VN' when 'province' then lpad(a, 2, '0') when 'district' then lpad(a, 3, '0') when 'commune' then lpad(a, 5, '0') end{% endset %}
-- ? indicators
select
    p.indicator, area_level, count(*) as cells, sum(numerator)::bigint as product, sum(coalesce(n, 0))::bigint as mine,
    round(100 * sum(abs(numerator - coalesce(n, 0))) / sum(numerator), 2) as percent_off
from product.candidates.indicators as p
left join (
    {% for indicator, name in numerators.items() %}
    select '{{ indicator }}' as indicator, {{ period }} as period, v, l, {{ code }} as a, sex, age_group, urban as u, {{ name }} as n
    from cell
    where a is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
) as m
    on m.indicator = p.indicator and m.period = p.period and v = area_version and l = area_level and a = area_code
    and m.sex = p.sex and m.age_group = p.age_group and u = urban_rural
where basis = 'register' and p.indicator <> 'median_wage' and area_code not like '%:%'
group by all
order by 1, 2
-- ? median_wages
select
    area_level, count(*), count(wage), round(100 * avg(abs(wage / value - 1)), 3),
    round(100 * median(abs(wage / value - 1)), 3)
from product.candidates.indicators as p
left join (select *, {{ period }} as period, {{ code }} as code from median_wage) as m
    on m.period = p.period and v = area_version and l = area_level and code = area_code and m.sex = p.sex
    and m.age_group = p.age_group and m.urban = urban_rural
where p.indicator = 'median_wage' and value is not null and not (area_code = 'VN' and area_version = '2025')
group by all
order by 1
-- ? flows
select
    {% for flow in flows %}round(100 * sum(abs(p.{{ flow }} - f.{{ flow | lower }})) / sum(p.{{ flow }}), 2) as {{ flow }}, {% endfor %}

    count(f.m) as found, count(*) as cells
from product.candidates.labour_flows as p
left join flow as f
    on p.period = {{ period }} and coalesce(f.p24, 'VN') = p.area_code and coalesce(f.section, 'total') = p.section
where p.area_version = '2024' and p.area_code <> 'unknown'
-- ? spells
select (select count(*) from product.labour.spells) as product, (select count(*) from spell) as mine
-- ? transitions
select round(100 * sum(abs(persons - coalesce(n, 0))) / sum(persons), 2) as percent_off
from product.candidates.transitions as p
left join (select {{ period }} as period, gap, f, t, sum(n) as n from transition group by all) as x
    on x.period = p.period and gap = p.lag and {{ statuses }}[(f + 1)::int] = from_status
    and {{ statuses }}[(t + 1)::int] = to_status
where area_code = 'VN' and area_version = '2024' and p.sex = 'total' and p.age_group = 'total'
