{#
  What draws the noise was really drawn (SPEC §5, disclosure control): no record key is that of more than three persons and one
  in a hundred, and every employer's factor is 3 to 8 % from one. One result row per broken rule: numbers of rows, no values.
#}
{% test keys_are_spread(model) %}
with alike as (

    select count(*) as persons
    from {{ ref('stg_record_keys') }}
    group by record_key

),

counted as (

    select
        'record_keys' as rule,
        coalesce(max(persons), 0) as broken_rows,
        3 + coalesce(sum(persons), 0) / 100 as allowed_rows
    from alike
    union all
    select
        'employer_factors' as rule,
        count(*) filter (where abs(factor_millionths - 1000000) not between 30000 and 80000) as broken_rows,
        0 as allowed_rows
    from {{ ref('stg_employer_factors') }}

)

select rule, broken_rows
from counted
where broken_rows > allowed_rows
{% endtest %}
