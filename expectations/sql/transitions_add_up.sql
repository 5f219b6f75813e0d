-- The rows of parts_add_up. Then one row per status at the later date: no more persons can have come into it than the country or
-- province has in it (SPEC §5).
{% include 'parts_add_up.sql' %}

union all by name
select * from (

    with arrived as (

        select period, lag, area_version, area_level, area_code, to_status, sum(persons) as persons
        from {warehouse}.{schema}.transitions
        where sex = 'total' and age_group = 'total' and persons is not null
        group by all

    ),

    there as (

        select
            period, area_version, area_level, area_code,
            case indicator when 'status_unknown' then 'unknown' else indicator end as to_status,
            numerator as persons
        from {warehouse}.{schema}.indicators
        where basis = 'register' and sex = 'total' and age_group = 'total' and urban_rural = 'total'
            and indicator in ('employed', 'unemployed', 'inactive', 'abroad', 'status_unknown')

    )

    select
        'transitions: persons' as object,
        a.persons > coalesce(t.persons, 0) as failed,
        period, a.lag, area_version, area_level, area_code, to_status,
        a.persons as total,
        t.persons as summed
    from arrived as a
    left join there as t using (period, area_version, area_level, area_code, to_status)

)
