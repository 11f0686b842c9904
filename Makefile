# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Builds the machine, the loader, the guests and the tests. `make help` lists what to ask for.

CLANG	?= clang-19
STRIP	?= llvm-strip-19
B	:= build

# Build options of the machine: make BPFVM_CODE=65536 BPFVM_MEMORY_BITS=22 BPFVM_SLOTS=16
OPTIONS	:= $(foreach o,BPFVM_CODE BPFVM_MEMORY_BITS BPFVM_SLOTS,$(if $($o),-D$o=$($o)))
HOST	:= -std=gnu11 -Wall -Wextra -Werror -Iinclude -Ibpf -Iuser $(OPTIONS)
# what is compiled with which options, so that other options build again
CFLAGS	?= -O2 -g
STAMP	:= $(B)/options
LIBS	:= -lbpf -lelf -ljansson -lsmartcols -lcap -lpcap
MULTI	:= $(shell gcc -print-multiarch)

LIB_SRC	:= $(filter-out user/loader.c user/cmd_%.c user/cli_%.c,$(wildcard user/*.c))
CLI_SRC	:= $(wildcard user/loader.c user/cmd_*.c user/cli_*.c)
MCU_SRC	:= $(wildcard mcu/*.c)
LIB_OBJ	:= $(LIB_SRC:%.c=$(B)/%.o) $(MCU_SRC:%.c=$(B)/%.o) $(B)/machine_object.o
CLI_OBJ	:= $(CLI_SRC:%.c=$(B)/%.o)
PROGS	:= $(patsubst %.c,%.o,$(wildcard progs/*.c))
UNIT	:= $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
LIVE	:= $(patsubst %.c,$(B)/%,$(wildcard tests/live*.c))

.PHONY: all help progs tests check check-unit check-cli check-fuzz check-live check-oracle check-sanitize check-threads check-kernels \
	fuzz cost bench clean FORCE
.DELETE_ON_ERROR:

all: loader progs ## build the loader and the guests

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' Makefile mcu/rules.mk mcu/firmware/rules.mk | expand -t 20

# By content: another B, with other options, may have put its loader there since.
loader: $(B)/loader FORCE
	@cmp -s $< $@ || cp $< $@

$(B)/loader: $(CLI_OBJ) $(B)/libbpfvm.a
	$(CC) $(CFLAGS) -o $@ $^ $(LIBS)

$(B)/libbpfvm.a: $(LIB_OBJ)
	rm -f $@
	$(AR) rcs $@ $^

$(B)/%.o: %.c $(STAMP)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(HOST) -MMD -MP -c -o $@ $<

$(B)/bpfvm.bpf.o: bpf/bpfvm.bpf.c $(STAMP)
	@mkdir -p $(@D)
	$(CLANG) -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -Wno-unused-parameter \
		-mllvm -enable-tail-merge=0 -Iinclude -I/usr/include/$(MULTI) $(OPTIONS) \
		-MMD -MP -c -o $@ $<

# The object goes into the library as it is, without the debug sections that only a person reads.
$(B)/machine_object.o: $(B)/bpfvm.bpf.o user/machine_object.S
	$(STRIP) -g -o $(B)/machine.o $<
	$(CC) -c -DOBJECT='"$(B)/machine.o"' -o $@ user/machine_object.S

progs: $(PROGS) ## build the guest programs
progs/%.o: progs/%.c $(wildcard progs/*.h)
	$(CLANG) -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -I/usr/include/$(MULTI) -c -o $@ $<

$(STAMP): FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS) $(OPTIONS)' | cmp -s - $@ || echo '$(CC) $(CFLAGS) $(OPTIONS)' >$@

$(B)/tests/unit/test_%: tests/unit/test_%.c $(B)/libbpfvm.a $(B)/tests/unit/embedded.a $(STAMP)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(HOST) -MMD -MP -o $@ $< $(B)/tests/unit/embedded.a $(B)/libbpfvm.a $(LIBS) -lcmocka

# The embeddable machine in several builds for one test.
EMBEDDED_table	:= -DVM_CORE=table
EMBEDDED_switch	:= -DVM_CORE=switch
EMBEDDED_small	:= -DVM_CORE=small
EMBEDDED_least	:= -DVM_CORE=small -DVM_ATOMICS=0 -DVM_V4=0 -DVM_JMP32=0 -DVM_DIV64=0 -DVM_LOCAL_CALLS=0 \
		-DVM_CALLX=0 -DVM_KV=0
$(B)/tests/unit/embedded_%.o: tests/unit/embedded.c $(STAMP)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(HOST) $(EMBEDDED_$*) -DBUILD=$* -MMD -MP -c -o $@ $<

$(B)/tests/unit/embedded.a: $(patsubst %,$(B)/tests/unit/embedded_%.o,table switch small least)
	rm -f $@
	$(AR) rcs $@ $^

$(B)/tests/%: tests/%.c $(B)/libbpfvm.a $(STAMP)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(HOST) -MMD -MP -o $@ $< $(B)/libbpfvm.a $(LIBS) -lcmocka -lpthread

tests: $(UNIT) $(LIVE) $(B)/tests/fuzz

# Each suite is run by prove, which counts; everything that is skipped says why.
SANITIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
export CLANG

check: check-unit check-oracle check-cli check-fuzz check-live check-sanitize check-threads check-mcu check-figures check-push check-kernels ## run all tests

check-unit: $(UNIT) progs ## unit tests of the library
	CMOCKA_MESSAGE_OUTPUT=TAP prove -e '' $(UNIT)

check-oracle: loader ## every instruction against a model of RFC 9669, on every core
	prove -e python3 tests/oracle/run.py

check-cli: loader progs ## the commands, their errors, the README's transcripts
	prove -fo -e bats tests/*.bats

check-fuzz: $(B)/tests/fuzz ## 10,000 random programs through all cores
	$(B)/tests/fuzz --count 10000

check-live: $(LIVE) progs ## real traffic on real interfaces
	CMOCKA_MESSAGE_OUTPUT=TAP prove -e '' $(LIVE)

check-sanitize: progs ## unit tests and random programs under ASan and UBSan
	$(MAKE) B=$(B)/sanitize CFLAGS='$(SANITIZE)' check-unit
	$(MAKE) B=$(B)/sanitize CFLAGS='$(SANITIZE)' $(B)/sanitize/tests/fuzz
	$(B)/sanitize/tests/fuzz --count 2000 --cores switch,table,small

$(B)/threads/map_threads: tests/map_threads.c $(STAMP)
	@mkdir -p $(@D)
	$(CC) -O2 -g -fsanitize=thread $(HOST) -MMD -MP -o $@ $< -lcmocka -lpthread

check-threads: $(B)/threads/map_threads ## maps of guests under many threads, watched by TSan
	CMOCKA_MESSAGE_OUTPUT=TAP prove -e '' $<

check-kernels: loader progs $(B)/tests/fuzz ## the kernel tests on each kernel of tests/kernels/matrix
	prove -v -e bash tests/kernels/check

fuzz: $(B)/tests/fuzz ## random programs for an hour: make fuzz SECONDS=3600
	$(B)/tests/fuzz --seconds $(or $(SECONDS),3600) --seed $$(date +%s)

bench: loader progs ## speed of the cores beside the kernel's JIT
	./loader bench

cost: loader $(B)/libbpfvm.a ## verified instructions, load time, bytes and lines
	tests/cost $(B)

clean: ## remove what was built
	rm -rf $(B) loader progs/*.o

include mcu/rules.mk
include mcu/firmware/rules.mk

-include $(shell find $(B) -name '*.d' 2>/dev/null)
