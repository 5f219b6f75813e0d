{#
  What is counted of person_quarters, once, for every indicator (SPEC §5), by name:

  if       the condition of a person that counts;
  sum      of which other measures it is the sum (1) or difference (-1): it carries no noise of its own;
  part     of which measures' sum it is a part: its noise stays within the whole (macros/noise.sql);
  rests_on the delivered record that puts a person into the count beyond the status, by its name in
           releases/audit/evidence.sql, for `labourdb explain`; left out where the status is all there is;
  means    whom it counts, in words.

  A measure with neither sum nor part is counted by itself. What another is made of stands before it. The model
  reference.measures gives them to whoever cannot call a macro. An indicator made of them is a line of
  seeds/indicator_definitions.csv.
#}
{% macro measures() %}
{{ return({
    'employed': {'if': 'status = 1', 'means': 'Employed.'},
    'unemployed': {'if': 'status = 2', 'means': 'Registered unemployed (not ILO).'},
    'inactive': {'if': 'status = 3', 'means': 'Inactive.'},
    'abroad': {'if': 'status = 4', 'means': 'Working abroad under contract.'},
    'unknown': {'if': 'status = 0', 'means': 'Of unknown status.'},
    'population': {
        'if': 'true', 'sum': {'employed': 1, 'unemployed': 1, 'inactive': 1, 'abroad': 1, 'unknown': 1},
        'means': 'Persons aged 15+.',
    },
    'population_with_status': {
        'if': 'status <> 0', 'sum': {'employed': 1, 'unemployed': 1, 'inactive': 1, 'abroad': 1},
        'means': 'Of known status, abroad included.',
    },
    'population_of_known_status': {
        'if': 'status in (1, 2, 3)', 'sum': {'employed': 1, 'unemployed': 1, 'inactive': 1},
        'means': 'Employed, unemployed or inactive.',
    },
    'labour_force': {
        'if': 'status in (1, 2)', 'sum': {'employed': 1, 'unemployed': 1}, 'means': 'Employed and unemployed.',
    },
    'underemployed': {
        'if': 'status = 1 and says_underemployed', 'part': {'employed': 1}, 'rests_on': 'survey',
        'means': 'Employed whose labour register record says underemployed.',
    },
    'employed_with_hours': {
        'if': 'status = 1 and weekly_hours is not null', 'part': {'employed': 1}, 'rests_on': 'survey',
        'means': 'Employed whose labour register record in force gives hours.',
    },
    'employed_with_section': {
        'if': 'status = 1 and section is not null', 'part': {'employed': 1}, 'rests_on': 'section',
        'means': 'Employed with a known section.',
    },
    'employed_in_agriculture': {
        'if': "status = 1 and section = 'A'", 'part': {'employed_with_section': 1}, 'rests_on': 'section',
        'means': 'Employed in section A.',
    },
    'employed_with_level': {
        'if': 'status = 1 and technical_level is not null', 'part': {'employed': 1}, 'rests_on': 'level',
        'means': 'Employed with a known technical level.',
    },
    'employed_trained': {
        'if': 'status = 1 and technical_level >= 1', 'part': {'employed': 1}, 'rests_on': 'level',
        'means': 'Employed with level no_certificate or above.',
    },
    'employed_certified': {
        'if': 'status = 1 and technical_level >= 3', 'part': {'employed_trained': 1}, 'rests_on': 'level',
        'means': 'Employed with level elementary or above.',
    },
    'labour_force_retrained': {
        'if': 'status in (1, 2) and retrained', 'part': {'labour_force': 1}, 'rests_on': 'course',
        'means': 'Labour force with a completed retraining or continuing course in the year.',
    },
    'employed_compulsory': {
        'if': 'status = 1 and compulsory', 'part': {'employed': 1}, 'rests_on': 'compulsory',
        'means': 'Employed with a compulsory contribution.',
    },
    'labour_force_unemployment_insured': {
        'if': 'status in (1, 2) and unemployment_insured', 'part': {'employed_compulsory': 1},
        'rests_on': 'unemployment_insured',
        'means': 'Labour force with a compulsory contribution that insures against unemployment.',
    },
    'labour_force_voluntary': {
        'if': 'status in (1, 2) and voluntary and not compulsory',
        'part': {'labour_force': 1, 'employed_compulsory': -1}, 'rests_on': 'voluntary',
        'means': 'Labour force with a voluntary and no compulsory contribution.',
    },
    'labour_force_insured': {
        'if': 'status in (1, 2) and (compulsory or voluntary)',
        'sum': {'employed_compulsory': 1, 'labour_force_voluntary': 1}, 'rests_on': 'contribution',
        'means': 'Labour force with any contribution in the reference month.',
    },
}) }}
{% endmacro %}

{# The measures that are counted of persons, each with noise of its own. #}
{% macro counted_measures() %}
{{ return(dict(measures().items() | rejectattr('1.sum'))) }}
{% endmacro %}

{# Sums of every measure, as columns of a select. #}
{% macro summed_measures() -%}
{% for name in measures() -%}
cast(sum({{ name }}) as bigint) as {{ name }}{% if not loop.last %},{% endif %}
{% endfor -%}
{%- endmacro %}

{# For which measures a person counts, as one number: a bit for each in their order. #}
{% macro measures_counted() -%}
{% for measure in measures().values() -%}
case when {{ measure['if'] }} then {{ 2 ** loop.index0 }} else 0 end{% if not loop.last %} + {% endif %}
{% endfor -%}
{%- endmacro %}

{# Whether such a number has the bit of a measure. #}
{% macro counts_for(name, counted) -%}({{ counted }} & {{ 2 ** (measures() | list).index(name) }}) > 0{%- endmacro %}

{# Sums of the record keys of every counted measure, as columns of a select. #}
{% macro summed_keys() -%}
{% for name in counted_measures().keys() -%}
cast(sum({{ name }}_key) as bigint) as {{ name }}_key{% if not loop.last %},{% endif %}
{% endfor -%}
{%- endmacro %}

{# Every measure as changed_counts left it, as columns of a select. #}
{% macro changed_measures() -%}
{% for name in measures() -%}
{{ name }}_changed as {{ name }}{% if not loop.last %},{% endif %}
{% endfor -%}
{%- endmacro %}

{# The measure whose name stands in a column. #}
{% macro measure_named(column) -%}
case {{ column }}
{%- for name in measures() %} when '{{ name }}' then {{ name }}{% endfor %} end
{%- endmacro %}

{# Age classes that every age group is made of: six bands, each inside or outside 16-30 and the working ages. #}
{% macro age_class() -%}
case when age_months < 300 then 0 when age_months < 420 then 1 when age_months < 540 then 2
    when age_months < 660 then 3 when age_months < 780 then 4 else 5 end * 4
+ case when age_months between 192 and 371 then 2 else 0 end
+ case when working_age then 1 else 0 end
{%- endmacro %}
