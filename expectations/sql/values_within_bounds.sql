-- One row per published value; it fails if it lies outside what its kind allows.
with figures as (

    select f.*, d.kind
    from {warehouse}.{schema}.indicators as f
    left join {warehouse}.reference.indicator_definitions as d on f.basis = 'register' and f.indicator = d.indicator

),

-- 16-30 and the working ages are not bands: they need only lie within all ages
subsets as (

    select
        p.*,
        p.numerator > t.numerator or p.denominator > t.denominator or t.found is null as exceeds
    from (select * from figures where basis = 'register' and age_group in ('16-30', 'working_age')) as p
    left join (select *, true as found from figures where basis = 'register' and age_group = 'total') as t
        using ({{ catalogue.indicators.key | reject('equalto', 'age_group') | listed }})

)

select
    'indicators: ' || coalesce(basis, 'no basis') as object,
    not coalesce(
        case
            when basis = 'official' then
                isfinite(value) and status = 'released' and numerator is null and denominator is null
            when status = 'not_available' then
                kind is not null and value is null and numerator is null and denominator is null
            when kind = 'count' then numerator >= 0 and denominator is null and value = numerator
            when kind = 'median' then
                numerator >= 0 and numerator = denominator
                and case when status = 'suppressed' or numerator = 0 then value is null else isfinite(value) and value > 0 end
            when kind = 'ratio' then
                numerator >= 0 and numerator <= denominator
                and case
                    when denominator = 0 then value is null
                    else value between 0 and 100 and abs(value - 100.0 * numerator / denominator) <= 1e-9
                end
        end
        and (status in ('released', 'provisional', 'low_coverage', 'not_available') or (status = 'suppressed' and kind = 'median')), false
    ) as failed,
    indicator || ' ' || period as subject,
    area_version || ' ' || area_level || ' ' || area_code || ', ' || sex || ', ' || age_group || ', ' || urban_rural as cell,
    numerator, denominator, value, status as word
from figures
union all
select
    'indicators: age subsets' as object,
    coalesce(exceeds, false) as failed,
    indicator || ' ' || period as subject,
    area_version || ' ' || area_level || ' ' || area_code || ', ' || sex || ', ' || age_group || ', ' || urban_rural as cell,
    numerator, denominator, value, null as word
from subsets
union all
select
    'target_progress: verdict' as object,
    not coalesce(
        case verdict
            when 'no_data' then value is null
            when 'indeterminate' then value is not null and ci_low <= target_value and target_value <= ci_high
            when 'met' then value is not null
            when 'not_met' then value is not null
        end, false
    ) as failed,
    plan || ' ' || indicator || ' ' || year as subject,
    area_version || ' province ' || province_code || ', ' || sex || ', ' || age_group || ', ' || urban_rural as cell,
    null as numerator, null as denominator, value, verdict as word
from {warehouse}.{schema}.target_progress
union all
select
    'row_accounting: counts' as object,
    coalesce(least(rows_read, accepted, quarantined, duplicate, superseded) < 0, false)
    or coalesce(disposition not in ('used', 'replaced', 'held', 'refused'), true) as failed,
    source || ' ' || period as subject,
    'revision ' || revision || ', ' || file as cell,
    accepted as numerator, rows_read as denominator, null as value, disposition as word
from {warehouse}.candidates.row_accounting
