// The limit: drains lanes as a worker does (peek, fold, one transaction, settle), in C and with nothing else.
// No retries, leases, logs or metrics. Usage: drain CONNINFO REDIS_SOCKET LANES THREADS BATCH; ends on SIGTERM.
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "entry.h"
#include "store.h"

static const char *conninfo, *redis_path;
static int lanes, threads, batch_size;

#define SETTINGS \
    "SET enable_hashjoin=off; SET enable_mergejoin=off; SET enable_seqscan=off; SET plan_cache_mode=force_generic_plan"

static const char settle_script[] =
    "redis.call('LTRIM', KEYS[1], ARGV[1], -1) "
    "for at = 3, #ARGV, 2 do redis.call('SET', ARGV[at], ARGV[at + 1], 'EX', ARGV[2]) end "
    "redis.call('HINCRBY', KEYS[2], 'succeeded', ARGV[1]) redis.call('SPUBLISH', KEYS[3], '')";

struct applier {
    redisContext *redis;
    struct store store;
    struct batch batch;
    struct mutation *items;
    char script[41];
    char *texts;            // keys and results of one batch
    const char **words;
    size_t *lengths;
};

enum { TEXT_MAX = 1024 };

static redisReply *checked(struct applier *it, redisReply *reply) {
    if (!reply || reply->type == REDIS_REPLY_ERROR) {
        fprintf(stderr, "drain: Redis: %s\n", reply ? reply->str : it->redis->errstr);
        exit(1);
    }
    return reply;
}

static void open_all(struct applier *it) {
    size_t size = (size_t)batch_size;
    it->redis = redisConnectUnix(redis_path);
    redisReply *reply = checked(it, redisCommand(it->redis, "SCRIPT LOAD %s", settle_script));
    memcpy(it->script, reply->str, sizeof it->script);
    freeReplyObject(reply);
    store_open(&it->store, conninfo, (struct variant){.plain_inbox = true}, SETTINGS);
    it->batch = batch_make(size);
    it->items = calloc(size, sizeof *it->items);
    it->texts = malloc(size * 2 * TEXT_MAX);
    it->words = calloc(size * 2 + 8, sizeof *it->words);
    it->lengths = calloc(size * 2 + 8, sizeof *it->lengths);
    if (!it->items || !it->texts || !it->words || !it->lengths) exit(70);
}

static size_t peek(struct applier *it, int lane) {
    redisReply *reply = checked(it, redisCommand(it->redis, "LRANGE tl:{%03d}:queue 0 %d", lane, batch_size - 1));
    size_t count = reply->elements;
    for (size_t i = 0; i < count; i++) {
        if (!entry_parse(reply->element[i]->str, reply->element[i]->len, &it->items[i])) exit(65);
        it->items[i].lane = (uint16_t)lane;
    }
    freeReplyObject(reply);
    return count;
}

static int add(struct applier *it, int at, const char *word, size_t length) {
    it->words[at] = word;
    it->lengths[at] = length;
    return at + 1;
}

static void settle(struct applier *it, int lane, size_t count) {
    char queue[32], counts[32], done[32], size[24];
    snprintf(queue, sizeof queue, "tl:{%03d}:queue", lane);
    snprintf(counts, sizeof counts, "tl:{%03d}:count", lane);
    snprintf(done, sizeof done, "tl:{%03d}:done", lane);
    snprintf(size, sizeof size, "%zu", count);
    const char *head[] = {"EVALSHA", it->script, "3", queue, counts, done, size, "900"};
    int words = 0;
    for (size_t i = 0; i < 8; i++) words = add(it, words, head[i], strlen(head[i]));
    for (size_t i = 0; i < count; i++) {
        char *key = it->texts + i * 2 * TEXT_MAX, *value = key + TEXT_MAX, id[37];
        uuid_text(it->items[i].request, id);
        words = add(it, words, key, (size_t)snprintf(key, TEXT_MAX, "tl:{%03d}:result:%s", lane, id));
        words = add(it, words, value, (size_t)result_write(value, TEXT_MAX, &it->items[i], &it->batch.verdicts[i]));
    }
    freeReplyObject(checked(it, redisCommandArgv(it->redis, words, it->words, it->lengths)));
}

static void *run(void *argument) {
    struct applier it = {0};
    open_all(&it);
    for (;;) {
        size_t done = 0;
        for (int lane = (int)(intptr_t)argument; lane < lanes; lane += threads) {
            size_t count = peek(&it, lane);
            if (!count) continue;
            batch_begin(&it.batch, it.items, count);
            store_apply(&it.store, &it.batch);
            settle(&it, lane, count);
            done += count;
        }
        if (!done) usleep(5000);
    }
    return NULL;
}

int main(int argc, char **argv) {
    if (argc < 6) return 64;
    conninfo = argv[1];
    redis_path = argv[2];
    lanes = atoi(argv[3]);
    threads = atoi(argv[4]);
    batch_size = atoi(argv[5]);
    pthread_t ids[16];
    for (int i = 0; i < threads && i < 16; i++) pthread_create(&ids[i], NULL, run, (void *)(intptr_t)i);
    pthread_join(ids[0], NULL);
    return 0;
}
