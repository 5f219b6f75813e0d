{#
  Noise of published counts (SPEC §5, disclosure control). A count is changed once, where it is finest; the key that
  draws its change is the sum of the record keys of the persons counted, modulo 2^16. The table `noise` says which keys
  change which count by how much. Everything else that is published is added up from changed counts.
#}

{# Counts the table has rows for; all from the last on are changed alike, and every part of a whole from UNBOUNDED on. #}
{% macro noise_large() -%}7{%- endmacro %}
{% macro noise_unbounded() -%}14{%- endmacro %}

{# A sum of record keys as a key. #}
{% macro as_key(sums) -%}((({{ sums }}) % 65536 + 65536) % 65536){%- endmacro %}

{# A second draw from the same key, for a rounding: as good as independent of the first (golden ratio, Knuth 6.4). #}
{% macro rounding_key(key) -%}(({{ key }} * 40503) % 65536){%- endmacro %}

{# A quotient of whole numbers, rounded up for as many keys as its fraction: right on average. #}
{% macro rounded_by_key(numerator, denominator, key) -%}
cast(
    (({{ numerator }}) - ({{ numerator }}) % ({{ denominator }})) / ({{ denominator }})
    + case when {{ rounding_key(key) }} * ({{ denominator }}) < 65536 * (({{ numerator }}) % ({{ denominator }})) then 1 else 0 end
    as bigint
)
{%- endmacro %}

{# The change of a joined row of `noise` (alias `row`) for a key; none where no row joined. #}
{% macro change_of(row, key) -%}
(case when {{ row }}.count is null then 0 else -4
    {%- for column in [
        'to_minus_4', 'to_minus_3', 'to_minus_2', 'to_minus_1', 'to_plus_0', 'to_plus_1', 'to_plus_2', 'to_plus_3',
    ] %} + case when {{ key }} >= {{ row }}.{{ column }} then 1 else 0 end{% endfor %} end)
{%- endmacro %}

{# Signed sum of columns with a suffix: `terms` maps names to 1 or -1. #}
{% macro signed_sum(terms, suffix='') -%}
{%- for name, sign in terms.items() -%}
{{ ' - ' if sign < 0 else (' + ' if not loop.first) }}{{ name }}{{ suffix }}
{%- endfor -%}
{%- endmacro %}

{#
  CTEs that change counts of the relation `exact`, one after the other; the last, `name`, has every column of `exact` and
  for each count `<count>_changed`. `exact` has each count as `<count>`, the sum of its record keys as `<count>_key`, and
  `protects` (false: nothing is changed). `counts` maps them, in order, to how they are changed, as in measures(): by
  themselves, as a `sum`, or as a `part`.

  A part is first brought to what it is of the changed whole, so that it and its share are right on average; then the
  noise is on the smaller of part and rest, drawn by the key of those it counts, and the other is the whole less it.
#}
{% macro changed_counts(exact, counts, name='changed') %}
{% set state = namespace(before=exact) -%}
{% for count, how in counts.items() -%}
{% if how.get('sum') -%}
{{ name }}_{{ count }} as (

    select
        *,
        {{ signed_sum(how['sum'], '_changed') }} as {{ count }}_changed,
        {{ signed_sum(how['sum'], '_key') }} as {{ count }}_key
    from {{ state.before }}

),

{% elif how.get('part') -%}
{% set whole = how['part'] -%}
{{ name }}_{{ count }}_halves as (

    select
        *,
        {{ signed_sum(whole) }} as {{ count }}_of,
        {{ signed_sum(whole, '_changed') }} as {{ count }}_of_changed,
        {{ count }} * 2 <= {{ signed_sum(whole) }} as {{ count }}_is_smaller,
        case when {{ count }} * 2 <= {{ signed_sum(whole) }} then {{ count }} else {{ signed_sum(whole) }} - {{ count }} end as {{ count }}_smaller,
        case
            when {{ count }} * 2 <= {{ signed_sum(whole) }} then {{ as_key(count ~ '_key') }}
            else {{ as_key(signed_sum(whole, '_key') ~ ' - ' ~ count ~ '_key') }}
        end as {{ count }}_draw
    from {{ state.before }}

),

{{ name }}_{{ count }}_scaled as (

    select
        *,
        case
            when not protects then {{ count }}_smaller
            when {{ count }}_of > 0 then {{ rounded_by_key(count ~ '_smaller * ' ~ count ~ '_of_changed', count ~ '_of', count ~ '_draw') }}
            else 0
        end as {{ count }}_scaled
    from {{ name }}_{{ count }}_halves

),

{{ name }}_{{ count }} as (

    select
        s.*,
        case when s.{{ count }}_is_smaller then 0 else s.{{ count }}_of_changed end
        + case when s.{{ count }}_is_smaller then 1 else -1 end * (
            s.{{ count }}_scaled
            + case when s.{{ count }}_scaled * 2 <= s.{{ count }}_of_changed then 1 else -1 end
            * {{ change_of('n', 's.' ~ count ~ '_draw') }}
        ) as {{ count }}_changed
    from {{ name }}_{{ count }}_scaled as s
    left join {{ ref('noise') }} as n
        on s.protects
        and case when s.{{ count }}_of_changed < {{ noise_unbounded() }} then s.{{ count }}_of_changed else 0 end = n.whole
        and least(s.{{ count }}_scaled, s.{{ count }}_of_changed - s.{{ count }}_scaled, {{ noise_large() }}) = n.count

),

{% else -%}
{{ name }}_{{ count }} as (

    select
        s.*,
        s.{{ count }} + {{ change_of('n', as_key('s.' ~ count ~ '_key')) }} as {{ count }}_changed
    from {{ state.before }} as s
    left join {{ ref('noise') }} as n on s.protects and n.whole = 0 and least(s.{{ count }}, {{ noise_large() }}) = n.count

),

{% endif -%}
{% set state.before = name ~ '_' ~ count -%}
{% endfor -%}
{{ name }} as (

    select * from {{ state.before }}

)
{% endmacro %}
