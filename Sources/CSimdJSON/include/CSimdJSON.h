#pragma once
// A small C face for simdjson's DOM parser. The caller reads simdjson's tape itself: one call a document instead of one
// call a value. Tape layout: https://github.com/simdjson/simdjson/blob/v3.0.1/doc/tape.md
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct csimdjson_parser csimdjson_parser;

/// The parsed document. Valid until the parser is used again or freed.
typedef struct {
    const uint64_t *tape;
    const uint8_t *strings;
    /// 0, or simdjson's error code; then the pointers are null.
    int32_t error;
} csimdjson_document;

/// A parser for documents of at most `capacity` bytes and nesting of at most `depth`; null when memory is short.
csimdjson_parser *csimdjson_parser_new(size_t capacity, size_t depth);
void csimdjson_parser_free(csimdjson_parser *parser);

/// Parses `length` bytes. They are copied when simdjson needs padding behind them, so any buffer will do.
csimdjson_document csimdjson_parse(csimdjson_parser *parser, const uint8_t *bytes, size_t length);

/// What an error code means, in English.
const char *csimdjson_message(int32_t error);

#ifdef __cplusplus
}
#endif
