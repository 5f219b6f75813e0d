{# Rows of packed people `of`, unpacked as far as areas, sex and age go; old districts and communes as far as they are known. #}
{% macro placed(of) -%}
(
    select
        x.*, p.p24, p.p25, coalesce(o.dist, p.dist) as dist, coalesce(p.c24, nullif(oldc, 0)) as c24, p.c25,
        case when q < {{ new_list }} then p.u24 else p.u25 end as urban
    from (
        select
            *, k >> 60 as q, ((k >> 28) & 1)::int as m, ((k >> 23) & 31)::int as age, (k >> 29) & 131071 as oldc,
            (k >> 46) & 16383 as i
        from {{ of }}
    ) as x
    join place as p on p.i = x.i
    left join place as o on o.v = 2024 and o.code = nullif(oldc, 0)
)
{%- endmacro %}
