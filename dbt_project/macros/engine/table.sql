{#
  A model's table, in one statement. The adapter's own form makes it beside the old one, renames both and drops one: five
  statements, which took as long as a small model's query. Nobody reads the warehouse while it is built, and the
  statement is all or nothing.
#}
{% materialization table, adapter='duckdb' %}
    {% set target = this.incorporate(type='table') %}
    {% set before = load_cached_relation(this) %}
    {% if before is not none and not before.is_table %}{% do adapter.drop_relation(before) %}{% endif %}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') %}{{ create_table_as(false, target, compiled_code) }}{% endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}
