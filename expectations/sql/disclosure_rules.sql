-- One row per published row; it fails if it shows 1 to 4, or a part that leaves 1 to 4, or a figure though suppressed.
select
    'indicators' as object,
    basis = 'register' and case status
        when 'suppressed' then coalesce(numerator, denominator, value) is not null
        when 'not_available' then false
        else numerator is null or numerator between 1 and 4
            or coalesce(denominator between 1 and 4, false)
            or coalesce(denominator - numerator between 1 and 4, false)
    end as failed,
    indicator, period, area_version, area_level, area_code, sex, age_group, urban_rural
from {warehouse}.published.indicators
union all by name
-- a target's figure and the one beside it say suppressed where the indicator does
select
    'target_progress' as object,
    (f.status is not distinct from 'suppressed') <> (t.verdict = 'suppressed')
    or (t.verdict = 'suppressed' and coalesce(t.value, t.ci_low, t.ci_high) is not null)
    or (coalesce(t.other_status = 'suppressed', false) and t.other_value is not null) as failed,
    t.indicator, t.year::varchar as period, t.area_version, t.province_code as area_code, t.sex, t.age_group,
    t.urban_rural
from {warehouse}.published.target_progress as t
left join {warehouse}.published.indicators as f
    on t.indicator = f.indicator and t.basis = f.basis and t.area_version = f.area_version
    and f.area_level = 'province' and t.province_code = f.area_code and t.sex = f.sex and t.age_group = f.age_group
    and t.urban_rural = f.urban_rural and f.period = t.year || case t.basis when 'register' then 'Q4' else '' end
union all by name
select
    'labour_flows' as object,
    case status
        when 'suppressed' then coalesce(m, b, e, f, a, h, r, s, jc, jd) is not null
        else m is null or len(list_filter([m, b, e, f, a, h, r, s, jc, jd], lambda x: x between 1 and 4)) > 0
    end as failed,
    period, area_version, area_level, area_code, section
from {warehouse}.published.labour_flows
union all by name
select
    'transitions' as object,
    case status
        when 'suppressed' then coalesce(persons, share) is not null
        else persons is null or persons between 1 and 4
            or round(100.0 * persons / share) - persons between 1 and 4
    end as failed,
    period, lag, area_version, area_level, area_code, sex, age_group, from_status, to_status
from {warehouse}.published.transitions
union all by name
select
    'training_outcomes' as object,
    case status
        when 'suppressed' then coalesce(completions, employed_6m, employed_12m, median_wage_12m, same_province_12m) is not null
        else completions is null or len(list_filter(
            [
                completions, employed_6m, completions - employed_6m, employed_12m, completions - employed_12m,
                same_province_12m, employed_12m - same_province_12m
            ],
            lambda x: x between 1 and 4
        )) > 0
    end as failed,
    year::varchar as period, area_version, area_level, area_code, field_code, level, kind
from {warehouse}.published.training_outcomes
union all by name
select
    'linkage' as object,
    case status when 'suppressed' then rows is not null else rows is null or rows between 1 and 4 end as failed,
    source, period, revision, rule, sex, province_2024
from {warehouse}.published.linkage
