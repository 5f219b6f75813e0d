{% set million = '1000000' %}
-- The finest counts of job flows as they are published (SPEC §5, disclosure control): every job times the factor of its
-- employer, rounded by key, then noise. What is changed is told apart so that the identities of flows hold whatever is
-- drawn: beginning and end (the next quarter's beginning, by the same key); churn, the smaller of accessions and
-- separations; of it the jobs replaced, which lie between full-quarter jobs and the smaller of beginning and end; of
-- these the jobs created and destroyed beside the net change. Recalls are a part of accessions.
with weighted as (

    select
        f.quarter,
        coalesce(e.province_2024, 'unknown') as province_2024,
        coalesce(e.province_2025, 'unknown') as province_2025,
        coalesce(e.section, 'unknown') as section,
        p.protects,
        q.quarters_before > 0 as has_beginning,
        q.is_followed as has_end,
        {% for name in flow_counts().keys() if name not in ('created', 'destroyed') %}
        sum(f.{{ name }} * case when p.protects then w.factor_millionths else {{ million }} end)
            as {{ name }},
        sum(f.{{ name }}_key) as {{ name }}_key,
        {% endfor %}
        sum(
            greatest(f.at_end - f.at_beginning, 0)
            * case when p.protects then w.factor_millionths else {{ million }} end
        ) as created,
        sum(case when f.at_end > f.at_beginning then f.at_end_key - f.at_beginning_key else 0 end) as created_key
    from {{ ref('keyed_employer_flows') }} as f
    inner join {{ ref('stg_employer_factors') }} as w on f.employer_key = w.employer_key
    inner join {{ source('run', 'flow_quarters') }} as q on f.quarter = q.quarter
    cross join {{ source('run', 'parameters') }} as p
    left join {{ ref('enterprises') }} as e on f.employer_key = e.employer_key
    group by
        f.quarter, coalesce(e.province_2024, 'unknown'), coalesce(e.province_2025, 'unknown'),
        coalesce(e.section, 'unknown'), p.protects, q.quarters_before, q.is_followed

),

parts as (

    select
        quarter, province_2024, province_2025, section, protects, has_beginning, has_end,
        in_quarter, in_quarter_key,
        at_beginning, at_beginning_key,
        at_end, at_end_key,
        accessions, accessions_key,
        separations, separations_key,
        recalls, recalls_key,
        least(accessions, separations) as churn,
        case when accessions <= separations then accessions_key else separations_key end as churn_key,
        least(at_beginning, at_end) - full_quarter as replaced,
        case when at_beginning <= at_end then at_beginning_key else at_end_key end - full_quarter_key as replaced_key,
        created - greatest(at_end - at_beginning, 0) as besides_net,
        created_key as besides_net_key
    from weighted

),

rounded as (

    select
        quarter, province_2024, province_2025, section, protects, has_beginning, has_end,
        {% for name in [
            'in_quarter', 'at_beginning', 'at_end', 'accessions', 'separations', 'recalls', 'churn', 'replaced', 'besides_net',
        ] %}
        {{ rounded_by_key(name, million, as_key(name ~ '_key')) }} as {{ name }},
        {{ as_key(name ~ '_key') }} as {{ name }}_key{% if not loop.last %},{% endif %}
        {% endfor %}
    from parts

),

exact as (

    select
        quarter, province_2024, province_2025, section, protects, has_beginning, has_end,
        {% for name in [
            'in_quarter', 'at_beginning', 'at_end', 'accessions', 'separations', 'churn', 'replaced', 'besides_net',
        ] %}
        {{ name }}, {{ name }}_key,
        {% endfor %}
        least(recalls, accessions) as recalls,  -- rounded apart it may come out above its whole
        recalls_key,
        at_end - at_beginning as net
    from rounded

),

{{ changed_counts('exact', {
    'in_quarter': {}, 'at_beginning': {}, 'at_end': {}, 'accessions': {}, 'separations': {},
}, 'with_ends') }},

-- accessions and separations are the net change and the churn twice: where the net change comes out larger by its
-- noise, the churn gives way by half of that, as far as there is any; and so do the jobs replaced, and created besides
moved as (

    select
        *,
        abs(net) - abs(at_end_changed - at_beginning_changed) as room
    from with_ends

),

parted as (

    select
        quarter, province_2024, province_2025, section, protects, has_beginning, has_end,
        in_quarter_changed, at_beginning_changed, at_end_changed, accessions_changed, separations_changed,
        accessions, accessions_key, recalls, recalls_key,
        at_end_changed - at_beginning_changed as net_changed,
        {% for name in ['churn', 'replaced', 'besides_net'] %}
        {{ rounded_by_key('greatest(2 * ' ~ name ~ ' + room, 0)', '2', name ~ '_key') }} as {{ name }},
        {{ name }}_key{% if not loop.last %},{% endif %}
        {% endfor %}
    from moved

),

ordered as (

    select
        quarter, province_2024, province_2025, section, protects, has_beginning, has_end,
        in_quarter_changed, at_beginning_changed, at_end_changed, accessions_changed, separations_changed,
        accessions, accessions_key, recalls, recalls_key, net_changed,
        churn, churn_key,
        least(replaced, churn) as replaced, replaced_key,
        least(besides_net, replaced, churn) as besides_net, besides_net_key
    from parted

),

{{ changed_counts('ordered', {
    'churn': {}, 'replaced': {'part': {'churn': 1}}, 'besides_net': {'part': {'replaced': 1}},
}, 'drawn') }},

netted as (

    select
        *,
        least(replaced_changed, at_beginning_changed, at_end_changed) as replaced_seen
    from drawn

),

joined as (

    select
        quarter, province_2024, province_2025, section, protects,
        at_beginning_changed as at_beginning,
        at_end_changed as at_end,
        least(at_beginning_changed, at_end_changed) - replaced_seen as full_quarter,
        case
            when has_beginning and has_end then greatest(-net_changed, 0) + churn_changed
            else separations_changed
        end as separations,
        greatest(net_changed, 0) + least(besides_net_changed, replaced_seen) as created,
        greatest(-net_changed, 0) + least(besides_net_changed, replaced_seen) as destroyed,
        accessions,
        accessions_key,
        case
            when has_beginning and has_end then greatest(net_changed, 0) + churn_changed
            else accessions_changed
        end as accessions_changed,
        recalls,
        recalls_key,
        has_beginning,
        has_end,
        in_quarter_changed
    from netted

),

{{ changed_counts('joined', {'recalls': {'part': {'accessions': 1}}}) }}

select
    quarter,
    province_2024,
    province_2025,
    section,
    case
        when has_beginning then at_beginning + accessions_changed
        when has_end then at_end + separations
        else in_quarter_changed
    end as in_quarter,
    at_beginning,
    at_end,
    full_quarter,
    accessions_changed as accessions,
    recalls_changed as recalls,
    separations,
    created,
    destroyed
from changed
