{#
  A table that is kept from run to run (macros/increments.sql, docs/decisions/0011-increments.md). In a full build it is a
  table like any other. In an increment the rows that are computed anew are taken out of it, put aside in
  restricted.increment for those models that ask what was there, and what the model's query now gives takes their place.
  Every statement commits itself: between two of them the table is neither, and no run goes on from it (orchestration/run/increments.py).

  anew: which rows these are: a kind of `anew()`, or `rows` of a source (meta `source`).
#}
{% materialization kept, adapter='duckdb' %}
    {% set target = this.incorporate(type='table') %}
    {% set before = load_cached_relation(this) %}
    {% set aside = left_of(this.identifier) %}
    {{ run_hooks(pre_hooks) }}
    {% if increment() is not none and before is not none and before.is_table %}
        {% set how = config.require('meta') %}
        {% set condition = left_rows(how.source) if how.anew == 'rows' else anew(how.anew, how.anew.rstrip('s')) %}
        {% call statement('schema') %}create schema if not exists restricted.increment{% endcall %}
        {% call statement('aside') %}create or replace table {{ aside }} as select * from {{ target }} where {{ condition }}{% endcall %}
        {% do adapter.commit() %}
        {% call statement('leave') %}delete from {{ target }} where {{ condition }}{% endcall %}
        {% call statement('main') %}insert into {{ target }} by name ({{ compiled_code }}){% endcall %}
    {% else %}
        {% if before is not none and not before.is_table %}{% do adapter.drop_relation(before) %}{% endif %}
        {% call statement('main') %}{{ create_table_as(false, target, compiled_code) }}{% endcall %}
    {% endif %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{#
  A table that is made whole by every run, and that increments compare with what it was: they find that in
  restricted.increment.
#}
{% materialization compared, adapter='duckdb' %}
    {% set target = this.incorporate(type='table') %}
    {% set before = load_cached_relation(this) %}
    {{ run_hooks(pre_hooks) }}
    {% if increment() is not none and before is not none and before.is_table %}
        {% call statement('schema') %}create schema if not exists restricted.increment{% endcall %}
        {% call statement('aside') %}create or replace table {{ left_of(this.identifier) }} as from {{ target }}{% endcall %}
        {% do adapter.commit() %}
    {% elif before is not none and not before.is_table %}
        {% do adapter.drop_relation(before) %}
    {% endif %}
    {% call statement('main') %}{{ create_table_as(false, target, compiled_code) }}{% endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{#
  A table of sums over persons by quarter, kept by difference: those of open quarters are made anew; of closed ones, what
  the touched persons added before is taken away and what they add now is put in. The model reads person_quarters through
  `counted('person_quarters')` (whose rows count) and `beside('person_quarters')` (what they
  are compared with, up to a year before).
  counts: the column of persons, 0 where nobody is left; every other column but `keys` is a sum.
#}
{% materialization summed, adapter='duckdb' %}
    {% set target = this.incorporate(type='table') %}
    {% set before = load_cached_relation(this) %}
    {{ run_hooks(pre_hooks) }}
    {% set found = increment() %}
    {% if found is not none and before is not none and before.is_table %}
        {% set left = left_of('person_quarters') %}
        {% set now = ref('person_quarters') %}
        {% set keys, sums = config.require('meta')['keys'], [] %}
        {% for column in adapter.get_columns_in_relation(before) if column.name not in keys %}{% do sums.append(column.name) %}{% endfor %}
        {% set parts = [
            ('less', 'select * from ' ~ left ~ ' where quarter < ' ~ found.from_quarter, 'select * from ' ~ left ~ ' where quarter < ' ~ found.from_quarter),
            ('more', 'select * from ' ~ now ~ ' where ' ~ anew('quarters', 'quarter'),
                'select * from ' ~ now ~ ' where quarter >= ' ~ (found.from_quarter - 4) ~ ' or ' ~ anew('quarters', 'quarter')),
        ] %}
        {% for name, rows, others in parts %}
            {% call statement('counted_' ~ name) %}create or replace temp view counted_rows as {{ rows }}{% endcall %}
            {% call statement('beside_' ~ name) %}create or replace temp view rows_beside as {{ others }}{% endcall %}
            {% call statement('part_' ~ name) %}create or replace temp table part_{{ name }} as {{ compiled_code }}{% endcall %}
        {% endfor %}
        {% call statement('main') %}
            create or replace table {{ target }} as
            select {{ keys | join(', ') }},
                {% for name in sums %}cast(sum(sign * {{ name }}) as bigint) as {{ name }}{{ ',' if not loop.last }}
                {% endfor %}
            from (
                select *, 1 as sign from {{ target }} where quarter < {{ found.from_quarter }}
                union all by name select *, -1 as sign from part_less
                union all by name select *, 1 as sign from part_more
            )
            group by {{ keys | join(', ') }}
            having sum(sign * {{ config.require('meta').counts }}) <> 0
        {% endcall %}
        {% for name in ['less', 'more'] %}{% call statement('drop_' ~ name) %}drop table part_{{ name }}{% endcall %}{% endfor %}
    {% else %}
        {% if before is not none and not before.is_table %}{% do adapter.drop_relation(before) %}{% endif %}
        {% call statement('main') %}{{ create_table_as(false, target, compiled_code) }}{% endcall %}
    {% endif %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}
