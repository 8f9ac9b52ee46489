// What tsrun asks of tsrun-systemd, and the answers: NUL-terminated fields, the first of which is the kind (src/cgroups/helper.ts has the
// other end; systemd/values.h how values are written).
//
//   connect ADDRESS DIRECT                                                     done
//   call DESTINATION PATH INTERFACE MEMBER TIMEOUT JOB SIGNATURE VALUE...      values SIGNATURE VALUE...    the reply
//                                                                              job RESULT                   JOB is 1: how that ended
//                                                                              error NAME WORDS             an error of D-Bus
//   either                                                                     failed ERRNO DOING           a connection that failed
//
// DIRECT and JOB are 0 or 1, TIMEOUT is in milliseconds.
#pragma once

#include <string_view>

#include "base/pieces.h"
#include "base/plan_reader.h"
#include "systemd/bus.h"

namespace tsrun {

// Fields of a text in which each ends with a NUL; EBADMSG when the last does not.
Result<Arguments> fields_of(std::string_view text);

struct Call {
  Message message;
  int timeout = 0;
  bool job = false;
};

// Reads what follows "call", and makes the message for `bus`. Fails when that is malformed, or sd-bus does not take it.
Result<Call> read_call(sd_bus* bus, Arguments fields);

// Does what a request asks for and writes the answer.
void answer(Bus& bus, std::string_view request, Buffer& reply);

}  // namespace tsrun
