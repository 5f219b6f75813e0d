-- One row per basis and indicator; it fails if its figures are not all in one unit, the one they are to be published in (SPEC §5).
select
    'indicators: ' || basis || ' units' as object,
    count(distinct unit) <> 1
    or count(unit) < count(*)
    or bool_or(basis = 'official' and lower(unit) in ('{{ converted | join("', '") }}')) as failed,
    indicator,
    string_agg(distinct unit, ', ' order by unit) as units
from {warehouse}.{schema}.indicators
group by basis, indicator
