-- noqa: disable=LT02
{#
  Jobs as published are the exact ones times a factor of 0.92 to 1.08, with the noise of the table (SPEC §5, disclosure
  control): stocks within 8 % and five of the truth, none negative, and the identities of flows hold in every finest count. Where
  [disclosure] off is set nothing changes. One result row per broken rule: numbers of rows, no values.
#}
{% test factors_hold(model, exact) %}
with compared as (

    select
        c.*,
        {% for count in flow_counts().keys() -%}
        e.{{ count }} as exact_{{ count }},
        {% endfor -%}
        e.quarter is null or c.quarter is null as is_missing,
        q.quarters_before > 0 as has_beginning,
        q.is_followed as has_end,
        p.protects
    from {{ model }} as c
    full join {{ exact }} as e
        on c.quarter = e.quarter and c.province_2024 = e.province_2024 and c.province_2025 = e.province_2025
        and c.section = e.section
    left join {{ source('run', 'flow_quarters') }} as q on c.quarter = q.quarter
    cross join {{ source('run', 'parameters') }} as p

),

counted as (

    {% set rules = {
        'stands_in_both': 'not is_missing',
        'nothing_is_negative': "least(" ~ flow_counts().keys() | join(', ') ~ ") >= 0",
        'beginning_is_near': 'abs(at_beginning - exact_at_beginning) * 100 <= 8 * exact_at_beginning + 500 and (exact_at_beginning > 0 or at_beginning = 0)',
        'end_is_near': 'abs(at_end - exact_at_end) * 100 <= 8 * exact_at_end + 500 and (exact_at_end > 0 or at_end = 0)',
        'net_is_accessions_less_separations':
            'not (has_beginning and has_end) or (at_end - at_beginning = accessions - separations and at_end - at_beginning = created - destroyed)',
        'all_are_from_before_or_begun': 'not has_beginning or in_quarter = at_beginning + accessions',
        'all_stay_or_end': 'not has_end or in_quarter = at_end + separations',
        'through_the_quarter_is_within': 'not (has_beginning and has_end) or (full_quarter <= least(at_beginning, at_end) and full_quarter >= at_beginning - separations)',
        'recalls_and_creation_are_parts': 'not has_beginning or (recalls <= accessions and (not has_end or created <= accessions))',
        'off_changes_nothing': 'protects or (in_quarter, at_beginning, at_end) = (exact_in_quarter, exact_at_beginning, exact_at_end)',
    } -%}
    {% for name, condition in rules.items() -%}
    select '{{ name }}' as rule, count(*) filter (where not ({{ condition }})) as broken_rows from compared
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select rule, broken_rows
from counted
where broken_rows > 0
{% endtest %}
