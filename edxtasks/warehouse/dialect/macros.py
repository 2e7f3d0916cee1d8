"""DuckDB macros and connection settings under which the translated SQL means what GoogleSQL means.

Each macro is a function of GoogleSQL, or a piece of one, whose namesake in DuckDB gives something else.
The proofs in `tests/proofs` hold them against Google's reference evaluator.
"""

from __future__ import annotations

CONNECTION_SETTINGS: tuple[str, ...] = (
    "SET TimeZone = 'UTC'",  # else dates and texts of timestamps are local
    "SET enable_progress_bar = false",  # it prints on stdout, which belongs to the command
    "SET ieee_floating_point_ops = true",  # x / 0 is inf; the macros below look at the operands themselves
    "SET scalar_subquery_error_on_multiple_rows = true",  # an error in GoogleSQL too
    "SET autoinstall_known_extensions = false",  # never reach for the network
    "SET autoload_known_extensions = false",
)
"""Statements to run once on every DuckDB connection."""

_WHITE_SPACE = (
    "\\t\\n\\v\\f\\r \\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"
)
_CLOCK = "(?:[01]?[0-9]|2[0-3]):[0-5]?[0-9]:[0-5]?[0-9]"
_DATE = "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_ZONE = r"([+-])([0-9]{1,2})(?::?([0-5]?[0-9]))?"
_LOCAL = rf"^{_DATE}[ Tt]{_CLOCK}(?:\.[0-9]{{1,6}})?"
_MOMENT = rf"{_DATE}[ Tt]{_CLOCK}(?:\.[0-9]{{1,9}})?(?:[Zz]|{_ZONE})?"
_USUAL_MOMENT = (
    rf"{_DATE}(?:[ T]{_CLOCK}(?:\.[0-9]{{1,6}})?)?"
    r"(?:Z| UTC| ?[+-](?:0[0-9]|1[0-3])(?::[0-5][0-9])?)?"
)

_DEFINITIONS: dict[str, str] = {
    # Times. Timestamps are microseconds since 1970: date_diff counts boundaries, GoogleSQL whole units.
    "bq_micros_diff(a, b, k)": "(epoch_us(a) - epoch_us(b)) // k",
    "bq_floor_div(n, k)": "(n - (((n % k) + k) % k)) // k",
    "bq_plain(t)": "make_timestamp(epoch_us(t))",
    "bq_truncate(t, k)": "make_timestamptz(epoch_us(t) - (((epoch_us(t) % k) + k) % k))",
    "bq_utc(t)": "make_timestamptz(epoch_us(t))",
    "bq_date(t)": "CAST(make_timestamp(epoch_us(t)) AS DATE)",
    "bq_timestamp_text(t)": (
        "strftime(make_timestamp(epoch_us(t)), '%Y-%m-%d %H:%M:%S') || "
        "CASE WHEN epoch_us(t) % 1000000 = 0 THEN '' "
        "WHEN epoch_us(t) % 1000 = 0 THEN strftime(make_timestamp(epoch_us(t)), '.%g') "
        "ELSE strftime(make_timestamp(epoch_us(t)), '.%f') END || '+00'"
    ),
    "bq_months_between(a, b)": (
        "(date_part('year', a) - date_part('year', b)) * 12 + date_part('month', a) - date_part('month', b)"
    ),
    "bq_date_in_range(d)": (
        "CASE WHEN d BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' THEN d "
        "WHEN d IS NOT NULL THEN error('a date out of the range of years 1 to 9999') END"
    ),
    "bq_micros_in_range(n)": "n BETWEEN -62135596800000000 AND 253402300799999999",
    "bq_of_micros(n)": (
        "CASE WHEN bq_micros_in_range(n) THEN make_timestamptz(CAST(n AS BIGINT)) "
        "WHEN n IS NOT NULL THEN error('a timestamp out of the range of years 1 to 9999') END"
    ),
    "bq_safe_of_micros(n)": "CASE WHEN bq_micros_in_range(n) THEN make_timestamptz(CAST(n AS BIGINT)) END",
    "bq_from_year_one(t)": "CASE WHEN t >= TIMESTAMP '0001-01-01' THEN t END",
    "bq_monday(d)": "d - CAST(date_part('isodow', d) - 1 AS INTEGER)",
    "bq_sunday(d)": "d - CAST(date_part('dow', d) AS INTEGER)",
    # Numbers.
    "bq_divide(a, b)": ("CASE WHEN b = 0 AND a IS NOT NULL THEN error('division by zero') ELSE a / b END"),
    "bq_safe_divide(a, b)": (
        "CASE WHEN b <> 0 AND (isfinite(a / b) OR NOT (isfinite(a) AND isfinite(b))) THEN a / b END"
    ),
    "bq_integer_divide(a, b)": (
        "CASE WHEN b = 0 AND a IS NOT NULL THEN error('division by zero: DIV') ELSE a // nullif(b, 0) END"
    ),
    "bq_modulo(a, b)": (
        "CASE WHEN b = 0 AND a IS NOT NULL THEN error('division by zero: MOD') "
        "WHEN b = -1 THEN a - a ELSE a % nullif(b, 0) END"
    ),
    # DuckDB multiplies, rounds, divides; GoogleSQL rounds the exact value. They part only where the product
    # is rounded onto a half: there the error of the product, which Dekker's split makes exact, decides.
    "bq_high(x)": "(x * 134217729.0e0) - ((x * 134217729.0e0) - x)",
    "bq_product_error(x, k)": "(bq_high(x) * k - x * k) + (x - bq_high(x)) * k",
    "bq_round(x, k)": (
        "CASE WHEN NOT isfinite(x) OR abs(x) * k >= 4503599627370496.0e0 THEN x "
        "WHEN abs(x * k - trunc(x * k)) = 0.5e0 AND bq_product_error(x, k) * x < 0 THEN trunc(x * k) / k "
        "ELSE round(x * k) / k END"
    ),
    # Below 2^53 all steps are exact, and zero keeps the sign; above, every FLOAT64 is an integer, and where
    # its neighbours are further away than the tens it stays. The way over a text rounds rightly.
    "bq_away(x, k)": "(x - x % k) + (CASE WHEN abs(x % k) * 2 >= k THEN sign(x) * k ELSE 0 END)",
    "bq_round_tens(x, k)": (
        "CASE WHEN NOT isfinite(x) OR abs(x) >= k * 18014398509481984.0e0 OR x % k = 0 THEN x "
        "WHEN abs(x) * 2 < k THEN x * 0.0e0 WHEN abs(x) < 9007199254740992.0e0 THEN bq_away(x, k) "
        "ELSE CAST(CAST(bq_away(CAST(x AS HUGEINT), CAST(k AS HUGEINT)) AS VARCHAR) AS DOUBLE) END"
    ),
    "bq_angle(x, r)": "CASE WHEN isfinite(x) THEN r WHEN x IS NOT NULL THEN CAST('nan' AS DOUBLE) END",
    "bq_of_unit(x, r)": (
        "CASE WHEN abs(x) > 1 AND isfinite(x) THEN error('ASIN or ACOS of a number beyond -1 to 1') "
        "ELSE bq_angle(x, r) END"
    ),
    "bq_integer_of_float(x)": "CAST(round(x) AS BIGINT)",
    "bq_safe_integer_of_float(x)": "TRY_CAST(round(x) AS BIGINT)",
    "bq_sqrt(x)": ("CASE WHEN x < 0 THEN error('SQRT of a negative number') ELSE sqrt(x) END"),
    "bq_safe_logarithm(x, r)": ("CASE WHEN x > 0 THEN r WHEN NOT isfinite(x) THEN CAST('nan' AS DOUBLE) END"),
    "bq_logarithm(x, r)": (
        "CASE WHEN x <= 0 AND isfinite(x) THEN error('a logarithm of zero or less') "
        "ELSE bq_safe_logarithm(x, r) END"
    ),
    # 15 digits where they are enough to read the same number again, else 17; zero has no sign.
    "bq_float_text(x)": (
        "CASE WHEN isnan(x) THEN 'nan' "
        "WHEN CAST(printf('%.15g', x) AS DOUBLE) = x THEN printf('%.15g', x + 0.0e0) "
        "ELSE printf('%.17g', x) END"
    ),
    # The sum of squared distances from the mean, of n whole numbers from their sum and that of their squares:
    # exactly, since the mean is rounded to a whole number first. A sum that is no HUGEINT is divided in a
    # tenth of the time.
    "bq_squares_of_sum(n, s, q)": (
        "CAST(q - CAST(s // n AS HUGEINT) * (s + s % n) AS DOUBLE) "
        "- CAST(s % n AS DOUBLE) * CAST(s % n AS DOUBLE) / n"
    ),
    "bq_exact_squares(n, s, q)": (
        "CASE WHEN n = 0 THEN 0.0e0 WHEN s BETWEEN -4611686018427387904 AND 4611686018427387904 "
        "THEN bq_squares_of_sum(n, CAST(s AS BIGINT), q) ELSE bq_squares_of_sum(n, s, q) END"
    ),
    # The same of n numbers of which those of the list h are so large that their squares are not in q.
    "bq_joined_squares(n, s, q, l, t, v)": (
        "bq_exact_squares(n, s, q) + l * v "
        "+ CASE WHEN n = 0 THEN 0 "
        "ELSE pow(CAST(s AS DOUBLE) / n - CAST(t AS DOUBLE) / l, 2) * n * l / (n + l) END"
    ),
    "bq_squares(n, s, q, h)": (
        "CASE WHEN h IS NULL THEN bq_exact_squares(n, s, q) "
        "ELSE bq_joined_squares(n - len(h), s - list_sum(h), q, len(h), list_sum(h), "
        "list_var_pop(list_sort(h))) END"
    ),
    "bq_unless_nan(nan, r)": "CASE WHEN nan THEN CAST('nan' AS DOUBLE) ELSE r END",
    "bq_finite(r, x, y)": (
        "CASE WHEN isfinite(r) OR NOT (isfinite(x) AND isfinite(y)) THEN r "
        "WHEN r IS NULL THEN NULL ELSE error('a floating point result that is not a number') END"
    ),
    "bq_safe_finite(r, x, y)": ("CASE WHEN isfinite(r) OR NOT (isfinite(x) AND isfinite(y)) THEN r END"),
    # Comparisons: NaN is equal to nothing and in no order; in DuckDB it equals itself and is the greatest.
    "bq_compare(a, b, r)": (
        "CASE WHEN (isnan(a) AND b IS NOT NULL) OR (isnan(b) AND a IS NOT NULL) THEN false ELSE r END"
    ),
    # Texts.
    "bq_substr(s, p, n)": (
        "CASE WHEN s IS NULL OR p IS NULL OR n IS NULL THEN NULL "
        "WHEN n < 0 THEN error('SUBSTR: the length must not be negative') "
        "WHEN p > length(s) THEN '' "
        "WHEN p > 0 THEN substring(s, p, least(n, 4294967295)) "
        "WHEN p = 0 OR p < -length(s) THEN substring(s, 1, least(n, 4294967295)) "
        "ELSE substring(s, length(s) + p + 1, least(n, 4294967295)) END"
    ),
    "bq_substr_rest(s, p)": (
        "CASE WHEN s IS NULL OR p IS NULL THEN NULL WHEN p > length(s) THEN '' "
        "WHEN p > 0 THEN substring(s, p) WHEN p = 0 OR p < -length(s) THEN s "
        "ELSE substring(s, length(s) + p + 1) END"
    ),
    "bq_left(s, n)": (
        "CASE WHEN s IS NULL OR n IS NULL THEN NULL "
        "WHEN n < 0 THEN error('LEFT: the length must not be negative') "
        "ELSE substring(s, 1, least(n, 4294967295)) END"
    ),
    "bq_right(s, n)": (
        "CASE WHEN s IS NULL OR n IS NULL THEN NULL "
        "WHEN n < 0 THEN error('RIGHT: the length must not be negative') "
        "WHEN n >= length(s) THEN s ELSE substring(s, length(s) - n + 1) END"
    ),
    "bq_lpad(s, n, p)": (
        "CASE WHEN s IS NULL OR n IS NULL OR p IS NULL THEN NULL "
        "WHEN n < 0 OR p = '' THEN error('LPAD: a negative length or an empty pattern') "
        "ELSE lpad(s, CAST(n AS INTEGER), p) END"
    ),
    "bq_rpad(s, n, p)": (
        "CASE WHEN s IS NULL OR n IS NULL OR p IS NULL THEN NULL "
        "WHEN n < 0 OR p = '' THEN error('RPAD: a negative length or an empty pattern') "
        "ELSE rpad(s, CAST(n AS INTEGER), p) END"
    ),
    # DuckDB counts bytes: other letters get a byte each of a common alphabet.
    "bq_recoded(s, alphabet)": (
        "array_to_string(list_transform(string_split(s, ''), "
        "lambda bq_item: chr(CAST(list_position(alphabet, bq_item) AS INTEGER))), '')"
    ),
    "bq_alphabet(s, t)": "list_distinct(string_split(s || t, ''))",
    "bq_edit_distance(s, t)": (
        "CASE WHEN s = '' THEN length(t) WHEN t = '' THEN length(s) "
        "WHEN strlen(s) = length(s) AND strlen(t) = length(t) THEN levenshtein(s, t) "
        "WHEN len(bq_alphabet(s, t)) > 127 "
        "THEN error('EDIT_DISTANCE of texts with more than 127 different letters') "
        "ELSE levenshtein(bq_recoded(s, bq_alphabet(s, t)), bq_recoded(t, bq_alphabet(s, t))) END"
    ),
    "bq_repeat(s, n)": (
        "CASE WHEN s IS NULL OR n IS NULL THEN NULL "
        "WHEN n < 0 THEN error('REPEAT: the number must not be negative') ELSE repeat(s, n) END"
    ),
    "bq_regexp_extract(s, p, g)": "CASE WHEN regexp_matches(s, p) THEN regexp_extract(s, p, g) END",
    # Two patterns with an anchor each are several times faster than one with a choice.
    "bq_ltrim(s)": f"regexp_replace(s, '^[{_WHITE_SPACE}]+', '')",
    "bq_rtrim(s)": f"regexp_replace(s, '[{_WHITE_SPACE}]+$', '')",
    "bq_trim(s)": "bq_rtrim(bq_ltrim(s))",
    "bq_offset(list, i)": (
        "CASE WHEN i < 0 OR i >= len(list) THEN error('array index out of bounds') ELSE list[i + 1] END"
    ),
    "bq_safe_offset(list, i)": "CASE WHEN i >= 0 THEN list[i + 1] END",
    # Texts read as other types: DuckDB takes more spellings than GoogleSQL.
    "bq_strict(s, r)": (
        "CASE WHEN r IS NULL AND s IS NOT NULL THEN error('a text that cannot be cast') ELSE r END"
    ),
    "bq_no_blanks(s)": r"regexp_replace(s, '[\s\v]+', '', 'g')",
    "bq_hex_digits(s)": (
        "list_reduce(list_transform(string_split(s, ''), "
        "lambda bq_item: CAST(strpos('0123456789abcdef', bq_item) - 1 AS HUGEINT)), "
        "lambda bq_left, bq_item: bq_left * 16 + bq_item)"
    ),
    "bq_hex_number(s)": (
        "CASE WHEN s[1] = '-' THEN -bq_hex_digits(s[4:]) ELSE bq_hex_digits(ltrim(s, '+')[3:]) END"
    ),
    "bq_text_integer(s)": (
        r"CASE WHEN regexp_full_match(s, '[\s\v]*[+-]?[0-9]+[\s\v]*') "
        r"THEN TRY_CAST(ltrim(bq_no_blanks(s), '+') AS BIGINT) "
        r"WHEN regexp_full_match(s, '[\s\v]*[+-]?0[xX][0-9a-fA-F]+[\s\v]*') "
        r"THEN TRY_CAST(bq_hex_number(lower(bq_no_blanks(s))) AS BIGINT) END"
    ),
    "bq_text_float(s)": (
        r"CASE WHEN regexp_full_match(s, "
        r"'(?i)[\s\v]*[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|inf|infinity|nan)[\s\v]*') "
        r"THEN TRY_CAST(ltrim(bq_no_blanks(s), '+') AS DOUBLE) "
        r"WHEN regexp_full_match(s, '[\s\v]*[+-]?0[xX][0-9a-fA-F]{1,31}[\s\v]*') "
        r"THEN CAST(bq_hex_number(lower(bq_no_blanks(s))) AS DOUBLE) END"
    ),
    "bq_text_bool(s)": "CASE lower(s) WHEN 'true' THEN true WHEN 'false' THEN false END",
    "bq_text_date(s)": (
        r"CASE WHEN s >= '0001' AND regexp_full_match(s, '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}') "
        r"THEN TRY_CAST(s AS DATE) END"
    ),
    # The forms that data have go through one pattern; the others are taken apart.
    "bq_zone_minutes(s)": (
        f"CASE WHEN regexp_matches(s, '{_ZONE}$') THEN "
        f"TRY_CAST(regexp_extract(s, '{_ZONE}$', 1) || '1' AS BIGINT) * "
        f"(TRY_CAST(regexp_extract(s, '{_ZONE}$', 2) AS BIGINT) * 60 + "
        f"TRY_CAST('0' || regexp_extract(s, '{_ZONE}$', 3) AS BIGINT)) ELSE 0 END"
    ),
    "bq_text_timestamp(s)": (
        f"CASE WHEN s < '0001' THEN NULL WHEN regexp_full_match(s, '{_USUAL_MOMENT}') "
        f"THEN TRY_CAST(s AS TIMESTAMPTZ) "
        f"WHEN regexp_full_match(s, '{_MOMENT}') AND bq_zone_minutes(s) BETWEEN -840 AND 840 THEN "
        rf"make_timestamptz(epoch_us(TRY_CAST(replace(upper(regexp_extract(s, '{_LOCAL}')), 'T', ' ') "
        r"AS TIMESTAMP)) - bq_zone_minutes(s) * 60000000) END"
    ),
    "bq_zone_text_minutes(z)": (
        "CASE WHEN upper(z) = 'Z' THEN 0 ELSE TRY_CAST(z[1] || '1' AS BIGINT) * "
        "(TRY_CAST(z[2:3] AS BIGINT) * 60 + TRY_CAST('0' || replace(z[4:], ':', '') AS BIGINT)) END"
    ),
    # JSON in a text: what is not JSON is NULL in GoogleSQL and an error in DuckDB.
    "bq_json_value(s, p)": "CASE WHEN json_valid(s) THEN json_value(s, p) ->> '$' END",
    "bq_json_query(s, p)": (
        "CASE WHEN json_valid(s) THEN nullif(CAST(json_extract(s, p) AS VARCHAR), 'null') END"
    ),
    "bq_json_items(s, p)": (
        "CASE WHEN json_valid(s) AND json_type(s, p) = 'ARRAY' THEN json_extract(s, p || '[*]') END"
    ),
    "bq_json_query_array(s, p)": (
        "list_transform(bq_json_items(s, p), lambda bq_item: CAST(bq_item AS VARCHAR))"
    ),
    "bq_json_value_array(s, p)": (
        "CASE WHEN NOT list_bool_or(list_transform(bq_json_items(s, p), "
        "lambda bq_item: json_type(bq_item) IN ('ARRAY', 'OBJECT'))) IS TRUE "
        "THEN list_transform(bq_json_items(s, p), lambda bq_item: bq_item ->> '$') END"
    ),
    # Series.
    "bq_dates(a, b, step)": (
        "CASE WHEN step = 0 AND a IS NOT NULL AND b IS NOT NULL "
        "THEN error('GENERATE_DATE_ARRAY: the step must not be zero') ELSE "
        "list_transform(generate_series(CAST(0 AS BIGINT), CAST(b - a AS BIGINT), nullif(step, 0)), "
        "lambda bq_item: a + CAST(bq_item AS INTEGER)) END"
    ),
    "bq_series(a, b, step)": (
        "CASE WHEN step = 0 AND a IS NOT NULL AND b IS NOT NULL "
        "THEN error('GENERATE_ARRAY: the step must not be zero') "
        "ELSE generate_series(a, b, nullif(step, 0)) END"
    ),
}

MACROS: tuple[str, ...] = tuple(
    f"CREATE OR REPLACE TEMP MACRO {head} AS ({body})" for head, body in _DEFINITIONS.items()
)
"""Statements to run once on every DuckDB connection, after the settings."""

SHARED_MACROS: tuple[str, ...] = tuple(
    f"CREATE OR REPLACE MACRO {head} AS ({body})" for head, body in _DEFINITIONS.items()
)
"""The same for a DuckDB in memory: statements to run once for all its connections."""
