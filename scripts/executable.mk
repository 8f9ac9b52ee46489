# dist/tsrun: the addon's sources, Node-API over the engine, and the scripts, in one static-pie program against the system's C library.
# Called by scripts/build.mjs with BUILD, TARGET, ENGINE (the engine's headers), LIBRARY (its archive), NODE (Node-API's headers) and NAPI
# (node-addon-api) set; EXECUTABLE_SOURCES and SCRIPTS are in $(BUILD)/sources.mk. For another machine also with CROSS (what is in front of
# the compilers' names) and SYSROOT (where its libseccomp is). The scripts are compiled here, by COMPILER_LIBRARY, into CODE. PAYLOAD is
# what goes behind the program: `heap`, one with everything evaluated, which takes running it; or `scripts`, read when they are needed.
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

# Behind everything else, so that what is before it stays where it is, whatever it is.
# The linker says so when the program grows into it.
PAYLOAD_AT := 0x300000
LINK = $(CROSS)g++ $(LDFLAGS) -Wl,--wrap=gettimeofday,--wrap=clock_gettime -Wl,--section-start=.tsrun_payload=$(PAYLOAD_AT)

.DELETE_ON_ERROR:
.PHONY: all
all: $(TARGET)

# linked beside and renamed: a program that is running stays what it was; sources.mk changes when a source goes
$(TARGET): $(BUILD)/$(PAYLOAD).o $(OBJECTS) $(LIBRARY) scripts/executable.mk $(BUILD)/sources.mk
	@mkdir -p $(@D)
	$(LINK) -o $@.new $(OBJECTS) $< $(LIBRARY) $(SECCOMP) -lm
	$(if $(filter heap,$(PAYLOAD)),$(call same,$@.new,$(BUILD)/prepare))
	mv $@.new $@

# a heap fits only the program that wrote it: all but the payload is the same, unless a library was another one
rest = objcopy -O binary -R .tsrun_payload $(1) $(BUILD)/rest.$(2)
same = @$(call rest,$(1),one) && $(call rest,$(2),other) && cmp $(BUILD)/rest.one $(BUILD)/rest.other || \
  { rm -f $(BUILD)/prepare $(1); echo 'the program that prepared the heap was another one: build again' >&2; false; }

# the program that prepares the heap: two runs of it, in other places of memory and for other processors, leave the same
$(BUILD)/prepare: $(BUILD)/to-prepare.o $(OBJECTS) $(LIBRARY) scripts/executable.mk $(BUILD)/sources.mk
	$(LINK) -o $@ $(OBJECTS) $< $(LIBRARY) $(SECCOMP) -lm

$(BUILD)/heap.payload: $(BUILD)/prepare
	GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-SSE4_1,-AVX512F,-AVX $< $@.again
	$< $@
	cmp $@ $@.again
	@rm $@.again

$(BUILD)/%.o: native/%.cc $(BUILD)/outside package-lock.json scripts/executable.mk
	@mkdir -p $(@D)
	$(CROSS)g++ $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c $< -o $@

# --- the scripts, by a compiler that is the engine itself; the bytecode is the same for all machines of 64 bits and little endian
$(CODE)/compile: native/compiler/main.cc $(COMPILER_LIBRARY) $(BUILD)/outside scripts/executable.mk
	@mkdir -p $(@D)
	g++ $(CPPFLAGS) $(CXXFLAGS) -o $@ $< $(COMPILER_LIBRARY) -lm

$(CODE)/%.bytecode: $(CODE)/%.js $(CODE)/compile
	$(CODE)/compile $(*F) $< $@

$(CODE)/%.debug: $(CODE)/%.js $(CODE)/compile
	$(CODE)/compile --lines $(*F) $< $@

parts = $(foreach end,bytecode debug lines,$(patsubst %,$(1)/%.$(end),$(2)))

$(BUILD)/scripts.payload: $(call parts,$(CODE)/scripts,$(SCRIPTS)) scripts/lib/payload.mjs $(BUILD)/sources.mk
	node scripts/lib/payload.mjs 1 $(CODE)/scripts $@ $(SCRIPTS)

$(BUILD)/to-prepare.payload: $(call parts,$(CODE)/whole,core replay) scripts/lib/payload.mjs
	node scripts/lib/payload.mjs 2 $(CODE)/whole $@ core replay

# as native/executable/payload.h declares it
$(BUILD)/%.o: $(BUILD)/%.payload scripts/executable.mk
	printf '.section .tsrun_payload,"aw",@progbits\n.balign 4096\n.globl tsrun_payload\ntsrun_payload: .incbin "%s"\n.balign 4096\n.section .note.GNU-stack,"",@progbits\n' $< >$(@:.o=.s)
	$(CROSS)gcc -c $(@:.o=.s) -o $@

-include $(patsubst %.o,%.d,$(OBJECTS))
