{#
  Where chains of links end: a CTE `<name>` with `member` and `last`, from a CTE of links (`member`, `next`), each
  member with one link and no cycle. Every round doubles the steps taken: five rounds follow 32 links.
#}
{% macro chain_ends(name, links) %}
{% for round in range(5) -%}
{{ name }}_{{ round }} as (

    select
        a.member,
        coalesce(b.next, a.next) as next
    from {{ links if loop.first else name ~ '_' ~ (round - 1) }} as a
    left join {{ links if loop.first else name ~ '_' ~ (round - 1) }} as b on a.next = b.member

),

{% endfor -%}
{{ name }} as (

    select member, next as last from {{ name }}_4

)
{%- endmacro %}
