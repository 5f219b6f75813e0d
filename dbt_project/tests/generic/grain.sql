{#
  What one row is of: no two rows agree in every one of `columns`. As unique_key, but of a developer (docs/dbt.md): no gate
  asks it, since a gate asks what is made of the table.
#}
{% test grain(model, columns) %}
{{ test_unique_key(model, columns) }}
{% endtest %}
