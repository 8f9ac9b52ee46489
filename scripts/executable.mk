# dist/tsrun: the addon's sources, Node-API over the engine, and the scripts, in one static-pie program against the system's C library.
# Called by scripts/build.mjs with BUILD, TARGET, ENGINE (the engine's headers), LIBRARY (its archive), NODE (Node-API's headers) and NAPI
# (node-addon-api) set; EXECUTABLE_SOURCES and SCRIPTS are in $(BUILD)/sources.mk. For another machine also with CROSS (what is in front of
# the compilers' names) and SYSROOT (where its libseccomp is). The scripts are compiled here, by COMPILER_LIBRARY, into CODE.
CPPFLAGS := -D_GNU_SOURCE -DNAPI_VERSION=9 -DNAPI_CPP_EXCEPTIONS -DNODE_ADDON_API_DISABLE_DEPRECATED -Inative \
  -isystem $(NODE) -isystem $(NAPI) -isystem $(ENGINE) -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
CXXFLAGS := -std=gnu++20 -O2 -fPIE -fvisibility=hidden -ffunction-sections -fdata-sections -fstack-protector-strong \
  -Wall -Wextra -Werror -Wshadow -Wconversion -Wformat=2 -Wimplicit-fallthrough -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi
LDFLAGS := -static-pie -s -Wl,--gc-sections -Wl,--eh-frame-hdr -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--build-id=none
ifeq ($(CROSS),)
SECCOMP := $(shell g++ -print-file-name=libseccomp.a)
else
SECCOMP := $(SYSROOT)/usr/lib/$(shell $(CROSS)g++ -dumpmachine)/libseccomp.a
CPPFLAGS += -isystem $(SYSROOT)/usr/include
endif

include $(BUILD)/sources.mk
OBJECTS := $(patsubst native/%.cc,$(BUILD)/%.o,$(EXECUTABLE_SOURCES))
IN_SCRIPTS := $(foreach end,bytecode debug lines,$(patsubst %,$(CODE)/scripts/%.$(end),$(SCRIPTS)))

.DELETE_ON_ERROR:
.PHONY: all
all: $(TARGET)

# linked beside and renamed: a program that is running stays what it was; sources.mk changes when a source goes
$(TARGET): $(OBJECTS) $(BUILD)/scripts.o $(LIBRARY) scripts/executable.mk $(BUILD)/sources.mk
	@mkdir -p $(@D)
	$(CROSS)g++ $(LDFLAGS) -o $@.new $(OBJECTS) $(BUILD)/scripts.o $(LIBRARY) $(SECCOMP) -lm
	mv $@.new $@

$(BUILD)/%.o: native/%.cc $(BUILD)/outside package-lock.json scripts/executable.mk
	@mkdir -p $(@D)
	$(CROSS)g++ $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c $< -o $@

# --- the scripts, by a compiler that is the engine itself; the bytecode is the same for all machines of 64 bits and little endian
$(CODE)/compile: native/compiler/main.cc $(COMPILER_LIBRARY) $(BUILD)/outside scripts/executable.mk
	@mkdir -p $(@D)
	g++ $(CPPFLAGS) $(CXXFLAGS) -o $@ $< $(COMPILER_LIBRARY) -lm

$(CODE)/scripts/%.bytecode: $(CODE)/scripts/%.js $(CODE)/compile
	$(CODE)/compile $* $< $@

$(CODE)/scripts/%.debug: $(CODE)/scripts/%.js $(CODE)/compile
	$(CODE)/compile --lines $* $< $@

# a table of names and where each begins and ends, as native/executable/scripts.h declares it
$(BUILD)/scripts.s: $(IN_SCRIPTS) $(BUILD)/sources.mk scripts/executable.mk
	@{ echo '.section .rodata'; \
	  for name in $(SCRIPTS); do printf 'name_%s: .asciz "%s"\n' $$name $$name; \
	    for kind in bytecode debug lines; do printf '.balign 16\n%s_%s: .incbin "%s"\n%s_%s_end:\n' $$kind $$name $(CODE)/scripts/$$name.$$kind $$kind $$name; done; done; \
	  printf '.balign 4\n.globl tsrun_script_count\ntsrun_script_count: .long %d\n' $(words $(SCRIPTS)); \
	  printf '.section .data.rel.ro,"aw"\n.balign 8\n.globl tsrun_scripts\ntsrun_scripts:\n'; \
	  for name in $(SCRIPTS); do printf '.quad name_%s' $$name; \
	    for kind in bytecode debug lines; do printf ', %s_%s, %s_%s_end' $$kind $$name $$kind $$name; done; echo; done; \
	  echo '.section .note.GNU-stack,"",@progbits'; } >$@

$(BUILD)/scripts.o: $(BUILD)/scripts.s
	$(CROSS)gcc -c $< -o $@

-include $(patsubst %.o,%.d,$(OBJECTS))
