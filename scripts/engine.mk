# The host for tests of native/engine, with symbols for addons to find: make -f scripts/engine.mk BUILD=... QUICKJS=... LIBRARY=... NODE=...
# SANITIZE=address,undefined makes one that watches itself; CROSS=aarch64-linux-gnu- one for another machine.
CXXFLAGS := -std=gnu++20 -O2 -g1 -fPIE -D_GNU_SOURCE -Inative -isystem $(QUICKJS) -isystem $(NODE) \
  -Wall -Wextra -Werror -Wshadow -Wconversion -Wformat=2 -Wimplicit-fallthrough -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi
ifneq ($(SANITIZE),)
CXXFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif

SOURCES := $(wildcard native/engine/*.cc) test/engine/host.cc
OBJECTS := $(patsubst %.cc,$(BUILD)/%.o,$(SOURCES))

.DELETE_ON_ERROR:
$(BUILD)/host: $(OBJECTS) $(LIBRARY) scripts/engine.mk
	$(CROSS)g++ $(CXXFLAGS) -pie -rdynamic -o $@ $(OBJECTS) $(LIBRARY) -ldl -lm

$(BUILD)/%.o: %.cc scripts/engine.mk
	@mkdir -p $(@D)
	$(CROSS)g++ $(CXXFLAGS) -MMD -MP -c $< -o $@

-include $(OBJECTS:.o=.d)
