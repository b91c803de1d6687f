#include "CRE2.h"

#include <cstring>
#include <new>
#include <re2/re2.h>

struct cre2_pattern {
    re2::RE2 inner;
    cre2_pattern(const re2::StringPiece &pattern, const re2::RE2::Options &options) : inner(pattern, options) {}
};

cre2_pattern *cre2_new(const char *pattern, size_t length, int ignores_case, int64_t memory_limit) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_case_sensitive(!ignores_case);
    options.set_max_mem(memory_limit);
    return new (std::nothrow) cre2_pattern(re2::StringPiece(pattern, length), options);
}

void cre2_free(cre2_pattern *pattern) { delete pattern; }

const char *cre2_error(const cre2_pattern *pattern) {
    return pattern->inner.ok() ? nullptr : pattern->inner.error().c_str();
}

int cre2_groups(const cre2_pattern *pattern) { return pattern->inner.NumberOfCapturingGroups(); }

int cre2_size(const cre2_pattern *pattern) { return pattern->inner.ProgramSize(); }

int cre2_search(const cre2_pattern *pattern, const char *text, size_t length, size_t start, ptrdiff_t *offsets, int count) {
    constexpr int kept = 32;
    re2::StringPiece few[kept];
    re2::StringPiece *found = count <= kept ? few : new (std::nothrow) re2::StringPiece[count];
    if (!found) { return 0; }
    re2::StringPiece subject(text, length);
    bool matches = pattern->inner.Match(subject, start, length, re2::RE2::UNANCHORED, found, count);
    if (matches) {
        for (int i = 0; i < count; i++) {
            bool took_part = found[i].data() != nullptr;
            offsets[2 * i] = took_part ? found[i].data() - text : -1;
            offsets[2 * i + 1] = took_part ? offsets[2 * i] + (ptrdiff_t)found[i].size() : -1;
        }
    }
    if (found != few) { delete[] found; }
    return matches ? 1 : 0;
}

ptrdiff_t cre2_find(const void *text, size_t length, const void *sought, size_t sought_length, size_t start) {
    if (!text || start > length) { return -1; }
    const void *found = memmem(static_cast<const char *>(text) + start, length - start, sought, sought_length);
    return found ? static_cast<const char *>(found) - static_cast<const char *>(text) : -1;
}
