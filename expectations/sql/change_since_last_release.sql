-- One row per total of the country or a province that both releases give as released; it fails if it moved too far,
-- and no delivery that figures of its basis are made from is another one than then. A figure that is published in another unit
-- than then is not compared.
select
    'indicators: ' || n.area_level as object,
    n.basis not in ({explained})
    and coalesce(abs(n.value - o.value) > {tolerance} * abs(o.value), (n.value is null) <> (o.value is null)) as failed,
    n.indicator, n.basis, n.period, n.area_version, n.area_level, n.area_code,
    o.value as value_before,
    n.value as value_now
from {warehouse}.published.indicators as n
inner join read_parquet('{previous}/indicators.parquet') as o
    using ({{ catalogue.indicators.key | listed }})
where n.area_level in ('country', 'province') and sex = 'total' and age_group = 'total' and urban_rural = 'total'
    and n.status = 'released' and o.status = 'released'
    and n.unit = o.unit
