{{ config(alias='indicators') }}
-- Indicators as released: covered places, with what would show few persons or employers suppressed (SPEC §5).
select
    c.indicator,
    c.basis,
    c.period,
    c.area_version,
    c.area_level,
    c.area_code,
    c.area_name,
    c.sex,
    c.age_group,
    c.urban_rural,
    case when s.hidden_by is null then c.numerator end as numerator,
    case when s.hidden_by is null then c.denominator end as denominator,
    case when s.hidden_by is null then c.value end as value,
    c.ci_low,
    c.ci_high,
    c.unit,
    case when s.hidden_by is null then c.status else 'suppressed' end as status,
    c.release_id
from {{ ref('covered_indicators') }} as c
left join {{ source('disclosure', 'suppressed_indicators') }} as s
    on
    c.basis = s.basis and c.indicator = s.indicator and c.period = s.period
    and c.area_version = s.area_version and c.area_code = s.area_code
    and c.sex = s.sex and c.age_group = s.age_group and c.urban_rural = s.urban_rural
    and c.area_level = s.area_level
