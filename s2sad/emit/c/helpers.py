"""Small functions that a text of C calls, written into it where they are called.

static inline int64_t floor_div(int64_t a, int64_t b) {...}
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Helper:
    """The text of a function, after what its comment says."""

    about: str
    text: str


HELPERS = {
    "new_array": Helper(
        "Memory for so many things of a size, NULL where there is none.",
        """\
void *new_array(int64_t count, size_t size)
{
    if (count < 0 || (uint64_t)count > (SIZE_MAX / 2) / size) {
        return NULL;
    }
    return malloc(count > 0 ? (size_t)count * size : 1);
}""",
    ),
    "length_product": Helper(
        "a * b of lengths, -1 where that is no length.",
        """\
int64_t length_product(int64_t a, int64_t b)
{
    return a < 0 || b < 0 || (b > 0 && a > INT64_MAX / b) ? -1 : a * b;
}""",
    ),
    "kept_array": Helper(
        "Memory that is freed at the end with all that is kept.",
        """\
void *kept_array(void **kept, int64_t count, size_t size)
{
    const size_t head = 16;
    if (count < 0 || (uint64_t)count > (SIZE_MAX / 2 - head) / size) {
        return NULL;
    }
    char *made = malloc(head + (size_t)count * size);
    if (made == NULL) {
        return NULL;
    }
    memcpy(made, kept, sizeof *kept);
    *kept = made;
    return made + head;
}""",
    ),
    "free_kept": Helper(
        "Free all that is kept.",
        """\
void free_kept(void *kept)
{
    while (kept != NULL) {
        void *next;
        memcpy(&next, kept, sizeof next);
        free(kept);
        kept = next;
    }
}""",
    ),
    "int_min": Helper("", "int64_t int_min(int64_t a, int64_t b)\n{\n    return b < a ? b : a;\n}"),
    "int_max": Helper("", "int64_t int_max(int64_t a, int64_t b)\n{\n    return b > a ? b : a;\n}"),
    "python_min": Helper("Python's min.", "double python_min(double a, double b)\n{\n    return b < a ? b : a;\n}"),
    "python_max": Helper("Python's max.", "double python_max(double a, double b)\n{\n    return b > a ? b : a;\n}"),
    "nan_min": Helper(
        "The smaller number; a nan stays.",
        "double nan_min(double a, double b)\n{\n    return a < b || isnan(a) ? a : b;\n}",
    ),
    "nan_max": Helper(
        "The greater number; a nan stays.",
        "double nan_max(double a, double b)\n{\n    return a > b || isnan(a) ? a : b;\n}",
    ),
    "floor_div": Helper(
        "a // b of integers; 0 where b is 0.",
        """\
int64_t floor_div(int64_t a, int64_t b)
{
    if (b == 0 || b == -1) {
        return (int64_t)((uint64_t)b * (uint64_t)a);
    }
    return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}""",
    ),
    "floor_mod": Helper(
        "a % b of integers, with the sign of b; 0 where b is 0.",
        """\
int64_t floor_mod(int64_t a, int64_t b)
{
    if (b == 0 || b == -1) {
        return 0;
    }
    const int64_t rest = a % b;
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}""",
    ),
    "floor_mod_float": Helper(
        "a % b, with the sign of b.",
        """\
double floor_mod_float(double a, double b)
{
    const double rest = fmod(a, b);
    if (b == 0.0) {
        return rest;
    }
    if (rest == 0.0) {
        return copysign(0.0, b);
    }
    return (rest < 0.0) != (b < 0.0) ? rest + b : rest;
}""",
    ),
    "floor_div_float": Helper(
        "a // b, as Python and NumPy round it.",
        """\
double floor_div_float(double a, double b)
{
    if (b == 0.0) {
        return a / b;
    }
    const double rest = fmod(a, b);
    double whole = (a - rest) / b;
    if (rest != 0.0 && (rest < 0.0) != (b < 0.0)) {
        whole -= 1.0;
    }
    if (whole == 0.0) {
        return copysign(0.0, a / b);
    }
    const double down = floor(whole);
    return whole - down > 0.5 ? down + 1.0 : down;
}""",
    ),
    "fits_int": Helper(
        "Whether a number, cut, is an integer of 64 bits.",
        "bool fits_int(double x)\n{\n    return x >= -9223372036854775808.0 && x < 9223372036854775808.0;\n}",
    ),
    "to_int": Helper(
        "A number, cut to an integer; the least one where it is none.",
        "int64_t to_int(double x)\n{\n    return fits_int(x) ? (int64_t)x : INT64_MIN;\n}",
    ),
    "wrapped_sum": Helper(
        "a + b, which wraps around as NumPy's integers do.",
        "int64_t wrapped_sum(int64_t a, int64_t b)\n{\n    return (int64_t)((uint64_t)a + (uint64_t)b);\n}",
    ),
    "wrapped_difference": Helper(
        "a - b, which wraps around as NumPy's integers do.",
        "int64_t wrapped_difference(int64_t a, int64_t b)\n{\n    return (int64_t)((uint64_t)a - (uint64_t)b);\n}",
    ),
    "wrapped_product": Helper(
        "a * b, which wraps around as NumPy's integers do.",
        "int64_t wrapped_product(int64_t a, int64_t b)\n{\n    return (int64_t)((uint64_t)a * (uint64_t)b);\n}",
    ),
    "sum_fits": Helper(
        "Whether a + b is an integer of 64 bits.",
        "bool sum_fits(int64_t a, int64_t b)\n{\n    return b < 0 ? a >= INT64_MIN - b : a <= INT64_MAX - b;\n}",
    ),
    "difference_fits": Helper(
        "Whether a - b is an integer of 64 bits.",
        "bool difference_fits(int64_t a, int64_t b)\n{\n    return b < 0 ? a <= INT64_MAX + b : a >= INT64_MIN + b;\n}",
    ),
    "product_fits": Helper(
        "Whether a * b is an integer of 64 bits.",
        """\
bool product_fits(int64_t a, int64_t b)
{
    if (a == 0 || b == 0) {
        return true;
    }
    if ((a < 0) == (b < 0)) {
        return a < 0 ? a >= INT64_MAX / b : a <= INT64_MAX / b;
    }
    return a < 0 ? a >= INT64_MIN / b : b >= INT64_MIN / a;
}""",
    ),
    "python_raises": Helper(
        "Whether Python raises where a function of x gives this: no number of a number, or an infinite one.",
        "bool python_raises(double given, double x)\n"
        "{\n    return (isnan(given) && !isnan(x)) || (isinf(given) && isfinite(x));\n}",
    ),
    "range_length": Helper(
        "How many integers there are in range(start, stop, step).",
        """\
int64_t range_length(int64_t start, int64_t stop, int64_t step)
{
    if (step > 0) {
        return start < stop ? (stop - start - 1) / step + 1 : 0;
    }
    return start > stop ? (start - stop - 1) / -step + 1 : 0;
}""",
    ),
    "matrix_product": Helper(
        "c = a @ b of n by k and k by m numbers, whose rows and columns lie so far apart.",
        """\
void matrix_product(const double *a, int64_t a_row, int64_t a_column, const double *b, int64_t b_row, int64_t b_column,
              double *c, int64_t n, int64_t k, int64_t m)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < m; j++) {
            c[i * m + j] = 0.0;
        }
        for (int64_t p = 0; p < k; p++) {
            for (int64_t j = 0; j < m; j++) {
                c[i * m + j] += a[i * a_row + p * a_column] * b[p * b_row + j * b_column];
            }
        }
    }
}""",
    ),
}


def helpers_text(called: Iterable[str]) -> str:
    """The helpers that are called, and those that these call, each once, in an order that C takes."""
    wanted = set(called)
    for name in reversed(HELPERS):
        if name in wanted:
            wanted |= {n for n in HELPERS if re.search(rf"\b{n}\(", HELPERS[name].text)}
    found = []
    for name, helper in HELPERS.items():
        if name in wanted:
            about = f"// {helper.about}\n" if helper.about else ""
            found.append(f"{about}static inline {helper.text}\n")
    return "\n".join(found)
