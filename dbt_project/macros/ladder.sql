{#
  The labour status and the ladder that decides it (SPEC §4). The model reference.ladder gives the ladder to whoever
  cannot call a macro.
#}

{# Statuses by their number in person_quarters. #}
{% macro statuses() %}
{{ return(['unknown', 'employed', 'unemployed', 'inactive', 'abroad']) }}
{% endmacro %}

{#
  The steps in order; the first that hits decides, the next is the runner-up.

  bit     the step in `hits`, twice that of the step before;
  step    its name, the `source` of labour_status;
  source  the source whose rows it looks at: without them the step is skipped;
  status  what it says; without one the record itself says it;
  claim   of a step that hits where a row in force covers the reference date: the key of a row (the latest row of a key
          counts), its first day, and the day before which it ends (models claims and claimed_quarters);
  if      of any other step: when it hits, in the words of person_quarters' last join;
  record  of any other step: the delivered record that decides, by its name in releases/audit/evidence.sql.
#}
{% macro ladder() %}
{{ return([
    {
        'bit': 1, 'step': 'social_insurance', 'source': 'social_insurance', 'status': 'employed',
        'if': 'i.compulsory', 'record': 'compulsory',
    },
    {
        'bit': 2, 'step': 'business_registration', 'source': 'enterprises', 'status': 'employed',
        'if': 'o.employer_key is not null', 'record': 'enterprise',
    },
    {
        'bit': 4, 'step': 'voluntary_insurance', 'source': 'social_insurance', 'status': 'employed',
        'if': 'i.voluntary', 'record': 'voluntary',
    },
    {
        'bit': 8, 'step': 'overseas_contract', 'source': 'overseas_contracts', 'status': 'abroad',
        'claim': {'key': 'contract_no', 'starts_on': 'left_on', 'before': 'returned_on'},
    },
    {
        'bit': 16, 'step': 'unemployment_benefit', 'source': 'unemployment_benefits', 'status': 'unemployed',
        'claim': {'key': 'decision_no', 'starts_on': 'starts_on', 'before': "ends_on + interval '1' day"},
    },
    {
        'bit': 32, 'step': 'job_seeker', 'source': 'job_seekers', 'status': 'unemployed',
        'claim': {'key': 'registration_no', 'starts_on': 'registered_on', 'before': 'closed_on'},
    },
    {
        'bit': 64, 'step': 'labour_register', 'source': 'labour_register',
        'if': 's.activity is not null', 'record': 'survey',
    },
    {
        'bit': 128, 'step': 'training', 'source': 'training', 'status': 'inactive',
        'if': 't.studying', 'record': 'studies',
    },
]) }}
{% endmacro %}

{# The bit of a step by its name. #}
{% macro bit_of(name) -%}{% for step in ladder() if step['step'] == name %}{{ step['bit'] }}{% endfor %}{%- endmacro %}

{# Names of the steps of claims that say a status, as literals in a list. #}
{% macro claims_of(status) -%}
{% for step in ladder() if step.get('claim') and step['status'] == status %}{{ ', ' if not loop.first }}'{{ step['step'] }}'{% endfor %}
{%- endmacro %}

{# All steps that hit, as bits, in person_quarters' last join, where those of claims stand together as `claimed`. #}
{% macro ladder_hits(claimed) -%}
{% for step in ladder() if not step.get('claim') -%}
case when {{ step['if'] }} then {{ step['bit'] }} else 0 end
+ {% endfor -%}
coalesce({{ claimed }}, 0)
{%- endmacro %}

{# The number of the status a hit says; the labour register says its own. #}
{% macro status_of_hit(hit, registered_activity) -%}
case {{ hit }}
    {%- for step in ladder() %}
    when {{ step['bit'] }} then {{ statuses().index(step['status']) if step.get('status') else registered_activity }}
    {%- endfor %}
    else 0
end
{%- endmacro %}

{# The bit of a claim by the name of its step. #}
{% macro claim_bit(claim) -%}
case {{ claim }}
{%- for step in ladder() if step.get('claim') %} when '{{ step['step'] }}' then {{ step['bit'] }}{% endfor %} end
{%- endmacro %}

{% macro status_text(status) -%}
case {{ status }}{% for name in statuses()[1:] %} when {{ loop.index }} then '{{ name }}'{% endfor %} else '{{ statuses()[0] }}' end
{%- endmacro %}

{% macro status_number(text) -%}
case {{ text }}{% for name in statuses() %} when '{{ name }}' then {{ loop.index0 }}{% endfor %} end
{%- endmacro %}

{% macro source_text(bit) -%}
case {{ bit }}{% for step in ladder() %} when {{ step['bit'] }} then '{{ step['step'] }}'{% endfor %} else 'none' end
{%- endmacro %}
