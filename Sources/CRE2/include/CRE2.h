#pragma once
// A small C face for RE2 (libre2-dev): a pattern is compiled once and then searched from any thread, in time linear in
// the text. https://github.com/google/re2/wiki/Syntax
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cre2_pattern cre2_pattern;

/// Compiles `length` bytes of UTF-8. Null when memory is short; otherwise ask cre2_error whether it is usable.
cre2_pattern *cre2_new(const char *pattern, size_t length, int ignores_case, int64_t memory_limit);
void cre2_free(cre2_pattern *pattern);

/// Why the pattern is not usable, or null when it is. Valid as long as the pattern.
const char *cre2_error(const cre2_pattern *pattern);

/// The number of capturing groups, the whole match not counted.
int cre2_groups(const cre2_pattern *pattern);

/// The number of instructions: a search takes time in proportion to it and to the text.
int cre2_size(const cre2_pattern *pattern);

/// Searches `text` from byte `start`. Fills `2 * count` offsets, a start and an end for the whole match and then for each
/// group, -1 for a group that took no part. Returns whether there is a match.
int cre2_search(const cre2_pattern *pattern, const char *text, size_t length, size_t start, ptrdiff_t *offsets, int count);

/// Where `sought` begins in `text` at or behind byte `start`, or -1; no pattern, just bytes. Neither is empty.
ptrdiff_t cre2_find(const void *text, size_t length, const void *sought, size_t sought_length, size_t start);

/// Where the caller's frame lies in memory: how deep the stack is can be told from the distance of two of these.
static inline uintptr_t cre2_frame_address(void) { return (uintptr_t)__builtin_frame_address(0); }

#ifdef __cplusplus
}
#endif
