-- One row per plan target as people read it. Parameters: progress, indicators: the released tables.
select
    t.province_code,
    t.area_version,
    n.area_name,
    t.year,
    t.indicator,
    t.basis,
    concat_ws(
        ' ', nullif(t.sex, 'total'), nullif(t.age_group, 'total'), nullif(t.urban_rural, 'total')
    ) as people,
    t.comparator,
    t.target_value,
    t.value,
    t.ci_low,
    t.ci_high,
    t.verdict,
    t.other_value
from read_parquet($progress) as t
left join (
    select distinct area_version, area_code, area_name from read_parquet($indicators) where area_level = 'province'
) as n on t.province_code = n.area_code and t.area_version = n.area_version
order by t.province_code, t.plan, t.indicator, t.age_group, t.urban_rural
