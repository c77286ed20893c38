#include "options.h"
#include <getopt.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct tl_options {
    int count;
    char **words;
    struct option *longs;
    char *shorts;
    int option_count;
    int *letters;
    const char *value;
    char wrong[64];
    bool missing_value;
};

// getopt keeps its place in globals: one scan at a time, from begin to end. Tests parse on many threads.
static pthread_mutex_t scanning = PTHREAD_MUTEX_INITIALIZER;

// Long options answer LONG_BASE + index, so that they never look like a letter.
enum { LONG_BASE = 1000 };

struct tl_options *tl_options_begin(
    int count, char *const *words, const struct tl_option *options, int option_count, bool permute) {
    pthread_mutex_lock(&scanning);
    struct tl_options *scan = calloc(1, sizeof *scan);
    scan->count = count;
    // getopt permutes the pointers, so it gets its own array of them.
    scan->words = calloc((size_t)count + 1, sizeof *scan->words);
    memcpy(scan->words, words, (size_t)count * sizeof *scan->words);
    scan->option_count = option_count;
    scan->longs = calloc((size_t)option_count + 1, sizeof *scan->longs);
    scan->letters = calloc((size_t)option_count + 1, sizeof *scan->letters);
    scan->shorts = calloc((size_t)option_count * 2 + 3, 1);
    char *next = scan->shorts;
    if (!permute) *next++ = '+';
    *next++ = ':';
    for (int place = 0; place < option_count; place++) {
        scan->longs[place].name = options[place].name;
        scan->longs[place].has_arg = options[place].takes_value ? required_argument : no_argument;
        scan->longs[place].val = LONG_BASE + place;
        scan->letters[place] = options[place].letter;
        if (options[place].letter == 0) continue;
        *next++ = (char)options[place].letter;
        if (options[place].takes_value) *next++ = ':';
    }
    opterr = 0;
    optind = 0;
    return scan;
}

int tl_options_next(struct tl_options *scan) {
    int before = optind;
    int found = getopt_long(scan->count, scan->words, scan->shorts, scan->longs, NULL);
    scan->value = optarg;
    if (found == -1) return -1;
    if (found >= LONG_BASE) return found - LONG_BASE;
    if (found == '?' || found == ':') {
        scan->missing_value = found == ':';
        const char *word = scan->words[optind > before && optind > 0 ? optind - 1 : before];
        if (optopt != 0 && optopt < LONG_BASE) {
            char letter[3] = {'-', (char)optopt, 0};
            strcpy(scan->wrong, letter);
        } else {
            strncpy(scan->wrong, word, sizeof scan->wrong - 1);
        }
        return -2;
    }
    for (int place = 0; place < scan->option_count; place++)
        if (scan->letters[place] == found) return place;
    return -2;
}

const char *tl_options_value(const struct tl_options *scan) { return scan->value; }

const char *tl_options_error(const struct tl_options *scan, bool *missing_value) {
    *missing_value = scan->missing_value;
    return scan->wrong;
}

const char *tl_options_operand(const struct tl_options *scan, int n) {
    return optind + n < scan->count ? scan->words[optind + n] : NULL;
}

void tl_options_end(struct tl_options *scan) {
    free(scan->words);
    free(scan->longs);
    free(scan->letters);
    free(scan->shorts);
    free(scan);
    pthread_mutex_unlock(&scanning);
}
