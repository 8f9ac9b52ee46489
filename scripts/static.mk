# The static programs: tsrun-init and the demo's inspect. C++20 against musl with the system's g++:
# of the C++ library only what is all in headers can be used. Called by scripts/build.mjs with BUILD and DIST set, and for another
# machine with CROSS (what is in front of the compilers' names) and SYSROOT (where its musl is).
BUILD ?= build/static
DIST ?= dist

CROSS ?=
SYSROOT ?=

MACHINE := $(shell $(CROSS)g++ -dumpmachine)
ARCH := $(firstword $(subst -, ,$(MACHINE)))
GCC := $(shell $(CROSS)g++ -dumpversion)
MUSL := $(ARCH)-linux-musl
SPECS := $(SYSROOT)/usr/lib/$(MUSL)/musl-gcc.specs
KERNEL := $(BUILD)/kernel

# Debian has what is for another machine in a folder of its own
ifeq ($(CROSS),)
INCLUDE := /usr/include
LIBSTDCXX := $(INCLUDE)/c++/$(GCC) -isystem $(INCLUDE)/$(MACHINE)/c++/$(GCC)
ASM := $(INCLUDE)/$(MACHINE)/asm
else
INCLUDE := /usr/$(MACHINE)/include
LIBSTDCXX := $(INCLUDE)/c++/$(GCC) -isystem $(INCLUDE)/c++/$(GCC)/$(MACHINE)
ASM := $(INCLUDE)/asm
endif

# _FORTIFY_SOURCE is glibc's. __GLIBC_PREREQ is what libstdc++'s own configuration asks, having been configured for glibc.
CPPFLAGS := -specs $(SPECS) -isystem $(LIBSTDCXX) \
  -isystem $(SYSROOT)/usr/include/$(MUSL) -isystem $(KERNEL) '-D__GLIBC_PREREQ(a,b)=0' -D_GNU_SOURCE -Inative
CXXFLAGS := -std=c++20 -Os -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-asynchronous-unwind-tables \
  -ffunction-sections -fdata-sections -fstack-protector-strong \
  -Wall -Wextra -Werror -Wshadow -Wconversion -Wformat=2 -Wimplicit-fallthrough -Wnon-virtual-dtor -Wextra-semi
LDFLAGS := -specs $(SPECS) -static -no-pie -s \
  -Wl,--gc-sections -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--build-id=none
# what Debian's compiler tells the linker by itself, but not when musl's specs are in place of its own
ifeq ($(ARCH),aarch64)
LDFLAGS += -Wl,--fix-cortex-a53-843419
endif

# which source belongs to which program: sources.mjs says so and build.mjs writes it down
include $(BUILD)/sources.mk
objects = $(patsubst native/%.cc,$(BUILD)/%.o,$(1))
INIT := $(call objects,$(INIT_SOURCES))
DEMO := $(call objects,$(DEMO_SOURCES))

.DELETE_ON_ERROR:
.PHONY: all
all: $(DIST)/libexec/tsrun-init $(DIST)/demo/inspect

$(DIST)/libexec/tsrun-init: $(INIT)
$(DIST)/demo/inspect: $(DEMO)

# linked beside and renamed: a program that is running stays what it was; sources.mk changes when a source goes
$(DIST)/libexec/tsrun-init $(DIST)/demo/inspect: scripts/static.mk $(BUILD)/sources.mk
	@mkdir -p $(@D)
	$(CROSS)gcc $(LDFLAGS) -o $@.new $(filter %.o,$^)
	mv $@.new $@

$(BUILD)/%.o: native/%.cc scripts/static.mk | $(KERNEL)
	@mkdir -p $(@D)
	$(CROSS)gcc -x c++ $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c $< -o $@

# the kernel's headers by themselves: their folder has glibc's too
$(KERNEL):
	@mkdir -p $@
	@ln -sfn $(INCLUDE)/linux $@/linux
	@ln -sfn $(ASM) $@/asm
	@ln -sfn $(INCLUDE)/asm-generic $@/asm-generic

-include $(patsubst %.o,%.d,$(INIT) $(DEMO))
