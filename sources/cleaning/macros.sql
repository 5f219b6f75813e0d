-- The value rules of SPEC §1 and the identifier rules of §2, one macro a rule.
-- Readers hand on tidy text (trimmed, white space collapsed, NFC). `given` is what the agency wrote, or null;
-- every other macro takes a given value. The usual form of a value is tried first, since it is cheap to see.
-- Long lists of words are regular expressions: of an `in` the engine would make a join, for every row.

create or replace temp macro begins_with_digit(x) as x >= '0' and x < ':';
create or replace temp macro given(x) as
    case when strlen(x) > 4 or begins_with_digit(x) then x
         when x = '' then null
         when regexp_full_match(x, '(?i)-?|null|n/a|nan|none|<na>|nat') then null
         else x end;
-- what a spreadsheet shows instead of a value (5), and what readers write for a formula without a stored value (6)
create or replace temp macro cell_problem(x) as
    case when not ((x >= '#' and x < '$') or (x >= 'Err:' and x < 'Err;')) then null -- it begins with neither
         when x = '#FORMULA!' then 6
         when regexp_full_match(x, '(?i)#(n/a|value!|ref!|div/0!|name\?|null!|num!|getting_data|spill!|calc!|field!'
             || '|blocked!|connect!|busy!|unknown!|external!|python!|error!)|err:[0-9]{3}') then 5 end;
create or replace temp macro given_value(x) as -- what was given, unless it is such a cell
    case when begins_with_digit(x) then x when cell_problem(x) is null then given(x) end;
create or replace temp macro word(x) as lower(x);

create or replace temp macro identifier(x) as nullif(translate(ltrim(x, '''’'), ' .-', ''), '');
create or replace temp macro is_number(x) as regexp_full_match(x, '[0-9]{1,18}');
-- an identifier without a spreadsheet's ".0"
create or replace temp macro digits(x) as
    case when is_number(x) then x
         when regexp_full_match(x, '[0-9]+\.0{1,2}') then split_part(x, '.', 1)
         else identifier(x) end;
-- a number that was written with `digits` digits; zeros a spreadsheet dropped are given back by its being a number
create or replace temp macro of_digits(number, digits, shortest, longest) as
    case when digits between shortest and longest then number end;

-- C gives century and sex, YY the year (SPEC §2); `id` is the number, `birth` a date, `is_male` a boolean
create or replace temp macro citizen_id_agrees(id, birth, is_male) as
    (1900 + 100 * (((id // 100000000) % 10) // 2) + (id // 1000000) % 100 = year(birth))
    and ((((id // 100000000) % 10) % 2 = 0) = is_male);

-- weights 31,29,23,19,17,13,7,5,3; a result of 10 is never issued
create or replace temp macro tax_code_holds(n) as
    n % 10 = 10 - (31 * (n // 1000000000) + 29 * (n // 100000000 % 10) + 23 * (n // 10000000 % 10)
        + 19 * (n // 1000000 % 10) + 17 * (n // 100000 % 10) + 13 * (n // 10000 % 10)
        + 7 * (n // 1000 % 10) + 5 * (n // 100 % 10) + 3 * (n // 10 % 10)) % 11;
-- the length a code was issued with, from the digits it was written with; other lengths are no code
create or replace temp macro enterprise_length(digits) as
    case when digits between 9 and 10 then 10 when digits between 11 and 12 then 12 when digits = 13 then 13 end;
-- a code as one number that sorts as the code does; the length (10, 12, 13) can be read back from it
create or replace temp macro enterprise_number(n, digits) as
    case enterprise_length(digits)
        when 10 then case when tax_code_holds(n) then n * 4000 end
        when 12 then n * 40 + 1
        when 13 then case when tax_code_holds(n // 1000) and n % 1000 <> 0 then n * 4 + 2 end end;

create or replace temp macro clock(x) as
    case when regexp_full_match(x, '([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?')
         then try_cast(case when regexp_full_match(x, '[0-9]+:[0-9]+') then x || ':00' else x end as time) end;
-- day and time of `day time` and `dayTtime`; a text without a time is a day
create or replace temp macro day_of(x) as regexp_extract(x, '^[^ T]*');
create or replace temp macro time_of(x) as regexp_extract(x, '^[^ T]*[ T](.*)$', 1);
create or replace temp macro iso_date(x) as
    case when x glob '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' then try_cast(x as date)
         when regexp_full_match(x, '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}') then try_cast(x as date) end;
create or replace temp macro vietnamese_date(x) as
    case when regexp_full_match(x, '[0-9]{1,2}[/-][0-9]{1,2}[/-][0-9]{4}')
         then try_cast(regexp_replace(x, '([0-9]+)[/-]([0-9]+)[/-]([0-9]+)', '\3-\2-\1') as date) end;
create or replace temp macro serial_date(x) as
    case when regexp_full_match(x, '[0-9]{1,7}(\.0{1,2})?') and x::double between 1 and 2958465
         then date '1899-12-30' + x::double::integer end;
create or replace temp macro written_date(x) as
    case when regexp_full_match(x, '[0-9/-]+') then coalesce(iso_date(x), vietnamese_date(x))
         when clock(time_of(x)) is not null then coalesce(iso_date(day_of(x)), vietnamese_date(day_of(x))) end;
create or replace temp macro any_date(x) as
    case when x glob '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' then try_cast(x as date)
         else coalesce(written_date(x), serial_date(x)) end;

create or replace temp macro birth_precision(x) as
    case when strlen(x) between 8 and 10 then 0
         when regexp_full_match(x, '[0-9]{4}(\.0{1,2})?') then 2
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
    case when regexp_full_match(x, '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?')
         then try_cast(replace(x, 'T', ' ') || case when length(x) = 16 then ':00' else '' end as timestamp)
         when clock(time_of(x)) is not null then written_date(x) + clock(time_of(x))
         -- a spreadsheet's day and part of a day
         when regexp_full_match(x, '[0-9]{1,7}\.[0-9]{3,}(e0)?') and replace(x, 'e0', '')::double between 1 and 2958465
         then timestamp '1899-12-30 00:00:00' + to_seconds(round(replace(x, 'e0', '')::double * 86400)::bigint)
         else any_date(x)::timestamp end;

-- months are counted from year 0: 12 * year + month - 1
create or replace temp macro month_of(day) as case when day(day) = 1 then year(day) * 12 + month(day) - 1 end;
create or replace temp macro month_number(x) as
    case when regexp_full_match(x, '[0-9]{4}-(0[1-9]|1[0-2])(-01)?')
         then left(x, 4)::integer * 12 + substr(x, 6, 2)::integer - 1
         when strlen(x) > 7 or is_number(x) then month_of(any_date(x))::integer end;

-- Numbers (SPEC §1). What the signs of a written number tell: 0 it has none (or it was typed as a number),
-- 1 one `.` and 2 one `,` before exactly three digits, 3 its decimal sign is `.`, 4 its decimal sign is `,`; else null.
create or replace temp macro number_signs(x) as
    case when regexp_full_match(x, '-?[0-9]{1,15}|-?[0-9]{1,15}(\.[0-9]+)?[eE][+-]?[0-9]{1,2}') then 0
         when regexp_full_match(x, '-?[1-9][0-9]{0,2}\.[0-9]{3}') then 1
         when regexp_full_match(x, '-?[1-9][0-9]{0,2},[0-9]{3}') then 2
         when strlen(x) > 40 then null
         when regexp_full_match(x, '-?[0-9]{1,15}\.[0-9]+|-?[1-9][0-9]{0,2}(,[0-9]{3}){2,4}|-?[1-9][0-9]{0,2}(,[0-9]{3}){1,4}\.[0-9]+')
         then 3
         when regexp_full_match(x, '-?[0-9]{1,15},[0-9]+|-?[1-9][0-9]{0,2}(\.[0-9]{3}){2,4}|-?[1-9][0-9]{0,2}(\.[0-9]{3}){1,4},[0-9]+')
         then 4 end;
-- a written number as the engine writes it; `decimal_comma` settles what `number_signs` leaves open
create or replace temp macro number_text(x, signs, decimal_comma) as
    case when signs = 0 then x
         when signs = 3 or (signs in (1, 2) and not decimal_comma) then replace(x, ',', '')
         when signs = 4 or (signs in (1, 2) and decimal_comma) then replace(replace(x, '.', ''), ',', '.') end;
create or replace temp macro number(x, decimal_comma) as
    case when regexp_full_match(x, '[0-9]{1,15}') then try_cast(x as double)
         else try_cast(number_text(x, number_signs(x), decimal_comma) as double) end;
-- of amounts and whole numbers: there a lone sign before three digits is a thousands sign
create or replace temp macro amount(x) as number(x, number_signs(x) = 1);
create or replace temp macro whole(x) as
    case when regexp_full_match(x, '[0-9]{1,15}') then try_cast(x as bigint)
         when regexp_full_match(x, '-[0-9]{1,15}') then try_cast(x as bigint)
         when abs(amount(x)) < 1e15 and amount(x) = trunc(amount(x)) and not contains(lower(x), 'e') then amount(x)::bigint end;

create or replace temp macro sex_of(x) as
    case when x in ('male', 'Nam', 'M', '1') then 'male'
         when x in ('female', 'Nữ', 'F', '2') then 'female'
         when word(x) in ('male', 'm', 'nam', '1') then 'male'
         when word(x) in ('female', 'f', 'nữ', '2') then 'female' end;
-- 1 true, 0 false, 2 an `x` (its meaning hangs on the rest of the column), 3 nothing, 4 unreadable
-- (5 and 6, of `cell_problem`, are unreadable too)
create or replace temp macro boolean_mark(x) as
    case when x is null then 3
         when x in ('true', '1', 'Có') then 1
         when x in ('false', '0', 'Không') then 0
         when word(x) in ('true', '1', 'có') then 1
         when word(x) in ('false', '0', 'không') then 0
         when word(x) = 'x' then 2
         else 4 end;
