{#
  p % rule: whether the second largest contributor could estimate the largest within 15 % (SPEC §5): what neither of
  them contributes is less than that of the largest. Whole numbers, so that no rounding decides.
#}
{% macro is_dominated(total, largest, second) -%}
({{ total }} - {{ largest }} - {{ second }}) * 100 < {{ largest }} * 15
{%- endmacro %}
