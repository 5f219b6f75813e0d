-- The value rules of SPEC §1 and the identifier rules of §2, one macro a rule.
-- `given` is what the agency wrote, trimmed, or null; every other macro takes a given value.

create or replace temp macro white() as
    '[\x09-\x0D\x1C-\x1F\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]|  ';
-- the same without the tab, for lines that tabs divide
create or replace temp macro white_but_tab() as
    '[\x0A-\x0D\x1C-\x1F\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]|  ';
create or replace temp macro collapsed(x) as regexp_replace(regexp_replace(x, white(), ' ', 'g'), ' +', ' ', 'g');
create or replace temp macro collapsed_but_tab(x) as
    regexp_replace(regexp_replace(x, white_but_tab(), ' ', 'g'), ' +', ' ', 'g');

create or replace temp macro given(x) as
    case when length(trim(x)) > 4 then trim(x)
         when upper(trim(x)) in ('', 'NULL', 'N/A', '-') then null
         else trim(x) end;

-- Latin letters up to U+024F and U+1E00-1EFF are stable under NFC unless a mark follows
create or replace temp macro nfc(x) as
    case when regexp_matches(x, '[^\x00-\x{24F}\x{1E00}-\x{1EFF}]') then nfc_normalize(x) else x end;
create or replace temp macro word(x) as lower(nfc(x));

create or replace temp macro identifier(x) as nullif(translate(ltrim(x, '''’'), ' .-', ''), '');
create or replace temp macro digits(x) as
    case when regexp_full_match(x, '[0-9]+') then x
         when regexp_full_match(x, '[0-9]+\.0+') then split_part(x, '.', 1)
         else identifier(x) end;

create or replace temp macro citizen_digits(d) as
    case when regexp_full_match(d, '[0-9]{10,12}') then lpad(d, 12, '0') end;
create or replace temp macro former_digits(d) as case when regexp_full_match(d, '[0-9]{9}') then d end;

-- C gives century and sex, YY the year (SPEC §2); `id` is the number, `birth` a date, `is_male` a boolean
create or replace temp macro citizen_id_agrees(id, birth, is_male) as
    (1900 + 100 * (((id // 100000000) % 10) // 2) + (id // 1000000) % 100 = year(birth))
    and ((((id // 100000000) % 10) % 2 = 0) = is_male);

-- weights 31,29,23,19,17,13,7,5,3; a result of 10 is never issued
create or replace temp macro tax_code_holds(n) as
    n % 10 = 10 - (31 * (n // 1000000000) + 29 * (n // 100000000 % 10) + 23 * (n // 10000000 % 10)
        + 19 * (n // 1000000 % 10) + 17 * (n // 100000 % 10) + 13 * (n // 10000 % 10)
        + 7 * (n // 1000 % 10) + 5 * (n // 100 % 10) + 3 * (n // 10 % 10)) % 11;
create or replace temp macro enterprise_digits(d) as
    case when regexp_full_match(d, '[0-9]{9}') then '0' || d
         when regexp_full_match(d, '[0-9]{11}') then '0' || d
         else d end;
create or replace temp macro enterprise_valid(e) as
    case when regexp_full_match(e, '[0-9]{10}') then tax_code_holds(e::bigint)
         when regexp_full_match(e, '[0-9]{13}') then tax_code_holds(left(e, 10)::bigint) and right(e, 3) <> '000'
         else regexp_full_match(e, '[0-9]{12}') end;
-- a code as one number that sorts as the code does; the length (10, 12, 13) can be read back from it
create or replace temp macro enterprise_number(e) as
    rpad(e, 13, '0')::bigint * 4 + case length(e) when 10 then 0 when 12 then 1 else 2 end;

create or replace temp macro iso_date(x) as
    case when regexp_full_match(x, '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([T ]00:00(:00(\.0+)?)?)?')
         then try_cast(regexp_extract(x, '^[0-9-]+') as date) end;
create or replace temp macro vietnamese_date(x) as
    case when regexp_full_match(x, '[0-9]{1,2}[/-][0-9]{1,2}[/-][0-9]{4}')
         then try_cast(regexp_replace(x, '([0-9]+)[/-]([0-9]+)[/-]([0-9]+)', '\3-\2-\1') as date) end;
create or replace temp macro serial_date(x) as
    case when regexp_full_match(x, '[0-9]{1,7}(\.0+)?') and x::double between 1 and 2958465
         then date '1899-12-30' + x::double::integer end;
create or replace temp macro any_date(x) as coalesce(iso_date(x), vietnamese_date(x), serial_date(x));

create or replace temp macro birth_precision(x) as
    case when regexp_full_match(x, '[0-9]{4}(\.0+)?') then 2
         when regexp_full_match(x, '[0-9]{1,2}/[0-9]{4}|[0-9]{4}-[0-9]{1,2}') then 1
         else 0 end;
create or replace temp macro birth(x) as
    case birth_precision(x)
        when 2 then try_cast(left(x, 4) || '-07-01' as date)
        when 1 then try_cast(case when contains(x, '/')
                                  then split_part(x, '/', 2) || '-' || split_part(x, '/', 1)
                                  else x end || '-15' as date)
        else any_date(x) end;

create or replace temp macro moment(x) as
    case when regexp_full_match(x, '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.0+)?)?')
         then try_cast(replace(x, 'T', ' ') || case when length(x) = 16 then ':00' else '' end as timestamp)
         else any_date(x)::timestamp end;

-- months are counted from year 0: 12 * year + month - 1
create or replace temp macro month_number(x) as
    case when regexp_full_match(x, '[0-9]{4}-(0[1-9]|1[0-2])(-01)?')
         then left(x, 4)::integer * 12 + substr(x, 6, 2)::integer - 1 end;
create or replace temp macro whole(x) as
    case when regexp_full_match(x, '-?[0-9]{1,15}(\.0+)?') then split_part(x, '.', 1)::bigint end;
create or replace temp macro number(x) as
    case when regexp_full_match(x, '-?[0-9]{1,15}(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?') then try_cast(x as double) end;

create or replace temp macro sex_of(x) as
    case word(x) when 'male' then 'male' when 'm' then 'male' when 'nam' then 'male' when '1' then 'male'
                 when 'female' then 'female' when 'f' then 'female' when 'nữ' then 'female' when '2' then 'female' end;
-- 1 true, 0 false, 2 an `x` (its meaning hangs on the rest of the column), 3 nothing, 4 unreadable
create or replace temp macro boolean_mark(x) as
    case when x is null then 3
         else case word(x) when 'true' then 1 when '1' then 1 when 'có' then 1
                           when 'false' then 0 when '0' then 0 when 'không' then 0
                           when 'x' then 2 else 4 end end;
