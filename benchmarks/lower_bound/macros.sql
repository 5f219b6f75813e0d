-- Values of cells, and eight quarters in one number: a byte a quarter, the first lowest.
create macro day_of(x) as coalesce(
    try_cast(x as date),
    try_strptime(x, ['%d/%m/%Y', '%d-%m-%Y'])::date,
    case when length(x) = 5 then '1899-12-30'::date + try_cast(x as int) end
);
create macro moment_of(x) as coalesce(try_cast(x as timestamp), try_strptime(x, '%d/%m/%Y'));
create macro truth_of(x) as coalesce(x in ('1', 'true', 'Có', 'x'), false);

create macro ones() as {{ ones }}::ubigint; -- a bit in each quarter's byte
create macro ones_from(q) as case
    when q <= 0 then ones()
    when q > 7 then 0::ubigint
    else list_extract([{% for q in range(8) %}{{ (ones * 2 ** (8 * q)) % 2 ** 64 }}{{ ', ' if not loop.last }}{% endfor %}]::ubigint[], q::int + 1)
end;
create macro during(a, b) as ones_from(coalesce(a, 9)) & ~ones_from(coalesce(b, 9)); -- quarters with a <= q < b
create macro times(x, n) as (x * n::ubigint); -- bits `n` in each byte that has its one in `x`
create macro z(x) as coalesce(x, 0::ubigint);
create macro byte_of(x, q) as ((x >> (8 * q)::ubigint) & 255::ubigint)::smallint;
create macro quarter_of(d) as (year(d) * 4 + (month(d) - 1) // 3 - {{ first_year * 4 }})::int; -- the first that ends at d or later

-- the step of the ladder: 1 employed, 2 unemployed, 3 inactive, 4 abroad, 0 none (bits of `h` as table state has them)
create macro status_of(h, l) as (case
    when h & 7 > 0 then 1
    when h & 8 > 0 then 4
    when h & 48 > 0 then 2
    when h & 64 > 0 then l & 3
    when h & 128 > 0 then 3
    else 0
end);
