-- One row per survey value with a confidence interval; it fails if the value does not lie in it.
select
    'indicators: official' as object,
    coalesce(ci_low > ci_high or value < ci_low or value > ci_high, false) as failed,
    indicator, period, area_version, area_code, sex, age_group, urban_rural, value, ci_low, ci_high
from {warehouse}.candidates.indicators
where basis = 'official' and (ci_low is not null or ci_high is not null)
