// Lane entries and results as text. For entries of the shape that the benchmark queues, not for any JSON.
#ifndef PROBE_ENTRY_H
#define PROBE_ENTRY_H
#include "fold.h"

// False if the entry has not the shape.
bool entry_parse(const char *bytes, size_t length, struct mutation *out);
void uuid_text(const uint8_t id[16], char out[37]);
// The request's resource; the length of what was written.
int result_write(char *out, size_t size, const struct mutation *it, const struct verdict *verdict);
#endif
