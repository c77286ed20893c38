// getopt_long(3) without its global variables, which Swift 6 cannot see as safe.
#pragma once
#include <stdbool.h>

/// One long option, with the letter that means the same (0: none).
struct tl_option {
    const char *name;
    int letter;
    bool takes_value;
};

/// Begins a new scan; `permute` lets options stand behind operands, else the scan stops at the first operand.
struct tl_options *tl_options_begin(
    int count, char *const *words, const struct tl_option *options, int option_count, bool permute);
/// The index of the next option, -1 at the end, -2 for one that is unknown or misused (see tl_options_error).
int tl_options_next(struct tl_options *scan);
/// The value of the option just returned, or NULL.
const char *tl_options_value(const struct tl_options *scan);
/// The word that was wrong, and whether only its value is missing.
const char *tl_options_error(const struct tl_options *scan, bool *missing_value);
/// The n-th word that is no option, or NULL behind the last; valid after -1.
const char *tl_options_operand(const struct tl_options *scan, int n);
void tl_options_end(struct tl_options *scan);
