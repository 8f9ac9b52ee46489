// Values of D-Bus as fields of text, by their signature (src/cgroups/values.ts has the other end).
//
// A basic value is one field: text as it is, a number in decimal, a boolean as 0 or 1, a double as the decimal number that its 64 bits
// make. An array is the number of its elements and these; a struct or dictionary entry its members; a variant a signature of one
// complete type and that. Descriptors are not passed.
#pragma once

#include <systemd/sd-bus.h>

#include <string_view>

#include "base/pieces.h"
#include "base/plan_reader.h"
#include "base/status.h"

namespace tsrun {

// Length of the first complete type of a signature (D-Bus specification, "Valid Signatures"); 0 when there is none.
size_t first_type(std::string_view signature, int depth = 0);

// Appends values of these types to a message. EBADMSG when the fields do not go with the signature; sd-bus's own error for what it
// does not take, as text that is not UTF-8.
Status append_values(sd_bus_message* message, std::string_view signature, Arguments& fields);

// Appends all that is left to read of a message as fields, each with its NUL.
Status read_values(sd_bus_message* message, Buffer& fields);

}  // namespace tsrun
