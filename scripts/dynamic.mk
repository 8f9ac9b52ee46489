# tsrun-systemd: C++20 against the system's C library and libsystemd, which it is linked with dynamically: of the C++ library only
# what is all in headers, for it to start fast and need nothing else. Called by scripts/build.mjs with BUILD and DIST set, and for another machine
# with CROSS (what is in front of the compilers' names) and SYSROOT (where its libsystemd is).
BUILD ?= build/dynamic
DIST ?= dist
CROSS ?=
SYSROOT ?=

CPPFLAGS := -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -Inative
CXXFLAGS := -std=c++20 -O2 -fPIE -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-asynchronous-unwind-tables \
  -ffunction-sections -fdata-sections -fstack-protector-strong \
  -Wall -Wextra -Werror -Wshadow -Wconversion -Wformat=2 -Wimplicit-fallthrough -Wnon-virtual-dtor -Wextra-semi
LDFLAGS := -pie -s -Wl,--gc-sections -Wl,--as-needed -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--build-id=none
ifneq ($(CROSS),)
MACHINE := $(shell $(CROSS)gcc -dumpmachine)
CPPFLAGS += -isystem $(SYSROOT)/usr/include
# and the libraries that it needs itself, for the linker to look into
LDFLAGS += -L$(SYSROOT)/usr/lib/$(MACHINE) -Wl,-rpath-link,$(SYSROOT)/usr/lib/$(MACHINE):$(SYSROOT)/lib/$(MACHINE)
endif

# which source belongs to which program: sources.mjs says so and build.mjs writes it down
include $(BUILD)/sources.mk
SYSTEMD := $(patsubst native/%.cc,$(BUILD)/%.o,$(SYSTEMD_SOURCES))

.DELETE_ON_ERROR:
.PHONY: all
all: $(DIST)/libexec/tsrun-systemd

# linked beside and renamed: a program that is running stays what it was; sources.mk changes when a source goes
$(DIST)/libexec/tsrun-systemd: $(SYSTEMD) scripts/dynamic.mk $(BUILD)/sources.mk
	@mkdir -p $(@D)
	$(CROSS)gcc $(LDFLAGS) -o $@.new $(filter %.o,$^) -lsystemd
	chmod 755 $@.new
	mv $@.new $@

$(BUILD)/%.o: native/%.cc scripts/dynamic.mk
	@mkdir -p $(@D)
	$(CROSS)gcc -x c++ $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c $< -o $@

-include $(patsubst %.o,%.d,$(SYSTEMD))
