#include "CSimdJSON.h"

#include <new>
#include <simdjson.h>

using simdjson::dom::parser;

struct csimdjson_parser {
    parser inner;
    size_t depth;
    csimdjson_parser(size_t capacity, size_t depth) : inner(capacity), depth(depth) {}
};

csimdjson_parser *csimdjson_parser_new(size_t capacity, size_t depth) {
    return new (std::nothrow) csimdjson_parser(capacity, depth);
}

void csimdjson_parser_free(csimdjson_parser *parser) { delete parser; }

csimdjson_document csimdjson_parse(csimdjson_parser *parser, const uint8_t *bytes, size_t length) {
    csimdjson_document document = {nullptr, nullptr, 0};
    // The depth is part of an allocation: without this, simdjson grows with its own default of 1,024.
    if (parser->inner.max_depth() != parser->depth || parser->inner.capacity() < length) {
        auto grown = parser->inner.allocate(length < 4096 ? 4096 : length, parser->depth);
        if (grown) { document.error = static_cast<int32_t>(grown); return document; }
    }
    auto parsed = parser->inner.parse(bytes, length, true);
    document.error = static_cast<int32_t>(parsed.error());
    if (document.error == 0) {
        document.tape = parser->inner.doc.tape.get();
        document.strings = parser->inner.doc.string_buf.get();
    }
    return document;
}

const char *csimdjson_message(int32_t error) {
    return simdjson::error_message(static_cast<simdjson::error_code>(error));
}
