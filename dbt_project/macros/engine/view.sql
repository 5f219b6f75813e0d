{# A model's view, in one statement, as its table is (table.sql): the adapter's own form makes it beside the old one and renames both. #}
{% materialization view, adapter='duckdb' %}
    {% set target = this.incorporate(type='view') %}
    {% set before = load_cached_relation(this) %}
    {% if before is not none and not before.is_view %}{% do adapter.drop_relation(before) %}{% endif %}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') %}{{ get_create_view_as_sql(target, compiled_code) }}{% endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{% macro duckdb__create_view_as(relation, sql) -%}
{% if config.get('contract').enforced %}{{ get_assert_columns_equivalent(sql) }}{% endif %}
create or replace view {{ relation }} as (
    {{ sql }}
);
{%- endmacro %}
