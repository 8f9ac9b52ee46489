#include "systemd/requests.h"

#include <climits>
#include <cstring>

#include "systemd/values.h"

namespace tsrun {
namespace {

void field(Buffer& reply, std::string_view text) { reply.append(text).append({"\0", 1}); }

void write_failure(Buffer& reply, const Status& status) {
  reply.clear();
  Text<24> number;
  number.append_number(status.err());
  field(reply, "failed");
  field(reply, number.view());
  field(reply, status.text());
}

Status connect(Bus& bus, Arguments fields, Buffer& reply) {
  const char* address = fields.text();
  const bool direct = fields.number(1) != 0;
  TSRUN_TRY(fields.finish());
  TSRUN_TRY(bus.connect(address, direct));
  field(reply, "done");
  return {};
}

Status call(Bus& bus, Arguments fields, Buffer& buffer) {
  if (bus.get() == nullptr) return {ENOTCONN, "call the service manager"};
  auto call = read_call(bus.get(), fields);
  TSRUN_TRY(call.status());
  Reply reply;
  sd_bus_message* message = call->message.get();
  TSRUN_TRY(call->job ? bus.call_for_job(message, call->timeout, reply) : bus.call(message, call->timeout, reply));
  if (!reply.error.view().empty()) {
    field(buffer, "error");
    field(buffer, reply.error.view());
    field(buffer, reply.words.view());
  } else if (call->job) {
    field(buffer, "job");
    field(buffer, reply.job.view());
  } else {
    const char* signature = sd_bus_message_get_signature(reply.message.get(), 1);
    field(buffer, "values");
    field(buffer, signature == nullptr ? "" : signature);
    TSRUN_TRY(read_values(reply.message.get(), buffer));
  }
  return {};
}

}  // namespace

Result<Arguments> fields_of(std::string_view text) {
  if (text.empty() || text.back() != 0) return Status(EBADMSG, "malformed request: its end");
  size_t count = 0;
  for (const char c : text) count += c == 0 ? 1 : 0;
  return Arguments(text.data(), text.data() + text.size(), count);
}

Result<Call> read_call(sd_bus* bus, Arguments fields) {
  const char* destination = fields.text();
  const char* path = fields.text();
  const char* interface = fields.text();
  const char* member = fields.text();
  Call call;
  call.timeout = static_cast<int>(fields.number(INT_MAX));
  call.job = fields.number(1) != 0;
  const char* signature = fields.text();
  sd_bus_message* raw = nullptr;
  const int made = sd_bus_message_new_method_call(bus, &raw, destination, path, interface, member);
  if (made < 0) return Status(-made, "make a message for", member);
  call.message.reset(raw);
  TSRUN_TRY(append_values(raw, signature, fields));
  return call;
}

void answer(Bus& bus, std::string_view request, Buffer& reply) {
  reply.clear();
  const auto act = [&]() -> Status {
    auto fields = fields_of(request);
    TSRUN_TRY(fields.status());
    const std::string_view kind = fields->text();
    if (kind == "connect") return connect(bus, *fields, reply);
    if (kind == "call") return call(bus, *fields, reply);
    return {EBADMSG, "malformed request:", kind};
  };
  if (const auto status = act(); !status.ok()) write_failure(reply, status);
}

}  // namespace tsrun
