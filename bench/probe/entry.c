#define _GNU_SOURCE  // memmem

#include "entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int digit(char byte) { return byte <= '9' ? byte - '0' : (byte | 32) - 'a' + 10; }

static bool uuid_parse(const char *text, uint8_t out[16]) {
    for (int i = 0; i < 16; i++) {
        if (*text == '-') text++;
        out[i] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
        text += 2;
    }
    return true;
}

void uuid_text(const uint8_t id[16], char out[37]) {
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
        *out++ = digits[id[i] >> 4];
        *out++ = digits[id[i] & 15];
    }
    *out = 0;
}

static const char *after(const char *bytes, size_t length, const char *key) {
    const char *found = memmem(bytes, length, key, strlen(key));
    return found ? found + strlen(key) : NULL;
}

static uint8_t text_until_quote(const char *from, char *out, size_t size) {
    size_t length = 0;
    while (from[length] != '"' && length + 1 < size) length++;
    memcpy(out, from, length);
    return (uint8_t)length;
}

bool entry_parse(const char *bytes, size_t length, struct mutation *out) {
    const char *id = after(bytes, length, "\"id\":\""), *op = after(bytes, length, "\"op\":\"");
    const char *user = after(bytes, length, "\"user\":\""), *task = after(bytes, length, "\"task\":\"");
    const char *at = after(bytes, length, "\"at\":"), *title = after(bytes, length, "\"title\":\"");
    if (!id || !op || !user || !task || !at) return false;
    *out = (struct mutation){.operation = *op == 'c' ? OP_CREATE : *op == 'u' ? OP_UPDATE : OP_DELETE};
    uuid_parse(id, out->request);
    uuid_parse(task, out->task);
    out->user_length = text_until_quote(user, out->user, sizeof out->user);
    out->at = strtoll(at, NULL, 10);
    if (title) out->title_length = text_until_quote(title, out->title, sizeof out->title);
    return true;
}

static void time_text(int64_t microseconds, char out[40]) {
    time_t seconds = (time_t)(microseconds / 1000000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t length = strftime(out, 40, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out + length, 40 - length, ".%06dZ", (int)(microseconds % 1000000));
}

int result_write(char *out, size_t size, const struct mutation *it, const struct verdict *verdict) {
    static const char *const names[] = {"", "create", "update", "", "delete"};
    char request[37], task[37], at[40];
    uuid_text(it->request, request);
    uuid_text(it->task, task);
    time_text(it->at, at);
    int length = snprintf(
        out, size,
        "{\"id\":\"%s\",\"status\":\"%s\",\"done\":true,\"operation\":\"task.%s\",\"task_id\":\"%s\",\"task_href\":"
        "\"/api/%.*s/tasks/%s\",\"submitted_at\":\"%s\",\"finished_at\":\"%s\",\"attempts\":1,\"result\":{\"status\":%d",
        request, verdict->code < 400 ? "succeeded" : "failed", names[it->operation], task, it->user_length, it->user,
        task, at, at, verdict->code);
    if (verdict->code == 200 || verdict->code == 201)
        length += snprintf(
            out + length, size - (size_t)length,
            ",\"etag\":\"\\\"v%d\\\"\",\"task\":{\"id\":\"%s\",\"user_id\":\"%.*s\",\"title\":\"%.*s\",\"description\":"
            "null,\"completed\":false,\"priority\":null,\"due_at\":null,\"version\":%d,\"created_at\":\"%s\","
            "\"updated_at\":\"%s\"}",
            verdict->version, task, it->user_length, it->user, it->title_length, it->title, verdict->version, at, at);
    return length + snprintf(out + length, size - (size_t)length, "}}");
}
