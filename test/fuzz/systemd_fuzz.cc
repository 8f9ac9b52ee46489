// Feeds tsrun-systemd's side of its conversation (native/systemd/requests.h, native/base/pieces.h) with anything, under AddressSanitizer and
// UBSan. The messages are made by systemd's own library.
//
// The input is messages as they could come over the socket, each led by its length in two bytes and copied into a block of exactly that
// size. They are put together; what becomes whole is answered without a connection and read as a call. A message that the library
// takes is read back as fields, which must give the same message again.

#include <sys/socket.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "systemd/requests.h"
#include "systemd/values.h"

namespace {

void require(bool condition) {
  if (!condition) abort();
}

// One that never gets further than to greet.
sd_bus* greeting_bus() {
  int pair[2];
  require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
  sd_bus* bus = nullptr;
  require(sd_bus_new(&bus) >= 0 && sd_bus_set_fd(bus, pair[0], pair[0]) >= 0 && sd_bus_start(bus) >= 0);
  return bus;
}

std::string read_back(sd_bus_message* message) {
  require(sd_bus_message_seal(message, 1, 0) >= 0 && sd_bus_message_rewind(message, 1) >= 0);
  tsrun::Buffer fields;
  require(tsrun::read_values(message, fields).ok());
  const char* signature = sd_bus_message_get_signature(message, 1);
  std::string text(signature == nullptr ? "" : signature);
  text.push_back(0);
  return text.append(fields.view());
}

void call(const std::string& request) {
  static sd_bus* bus = greeting_bus();
  auto fields = tsrun::fields_of(request);
  if (!fields.ok() || std::string_view(fields->text()) != "call") return;
  auto made = tsrun::read_call(bus, *fields);
  if (!made.ok()) return;
  require(made->timeout >= 0);
  const std::string once = read_back(made->message.get());
  using namespace std::string_literals;
  const std::string request_again = "call\0a.b\0/\0a.b\0M\0\x31\0\x30\0"s + once;
  auto again = tsrun::fields_of(request_again);
  require(again.ok());
  again->text();
  auto remade = tsrun::read_call(bus, *again);
  require(remade.ok() && read_back(remade->message.get()) == once);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tsrun::Buffer text;
  tsrun::Assembly assembly(text);
  while (size >= 2) {
    const size_t length = std::min<size_t>(data[0] | data[1] << 8, size - 2);
    const std::unique_ptr<char[]> message(new char[length]);
    if (length > 0) memcpy(message.get(), data + 2, length);
    data += 2 + length;
    size -= 2 + length;
    const size_t before = text.size();
    const auto taken = assembly.take({message.get(), length});
    require(text.size() <= before + length);
    if (taken != tsrun::Assembly::Taken::kWhole) continue;
    const std::string request(text.view());
    text.clear();
    tsrun::Bus none;
    tsrun::Buffer reply;
    // an address would be connected to
    if (request.compare(0, 8, std::string("connect\0", 8)) != 0) {
      tsrun::answer(none, request, reply);
      require(reply.view().substr(0, 7) == std::string_view("failed\0", 7) && reply.view().back() == 0);
    }
    call(request);
  }
  return 0;
}
