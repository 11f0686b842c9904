# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Firmware for boards. Each folder of mcu/ is a port; its port.mk adds its boards to MCU_BOARDS and
# says for each:
#
#	MCU_CC_board	the compiler, and its options for the processor
#	MCU_SRC_board	start-up and what else every firmware needs
#	MCU_LINE_board	the serial line of tests, and MCU_UART_board that of other firmware, if that is
#			another and not part of MCU_SRC_board
#	MCU_LD_board	linker script, libraries
#	MCU_RUN_board	runs FIRMWARE, the line being stdin and stdout
#	MCU_TEST_board	options of the firmware under test: how much memory there is
#	MCU_LESS_board	what of the machine is not for it
#	MCU_NEEDS_board	what has to be built to run it
#	MCU_SHARE_board	of so many test cases one is tried, where emulation is slow

MCU		:= $(B)/mcu
MCU_CORES	:= table switch small
# Size is what `small` is for.
MCU_OPT_table	:= -O2
MCU_OPT_switch	:= -O2
MCU_OPT_small	:= -Os

MCU_FLAGS	:= -std=gnu11 -Wall -Wextra -Werror -Iinclude -Imcu -ffunction-sections -fdata-sections \
		-Wl,--gc-sections
# No libc but memcpy and the like, and a start-up of our own.
MCU_BARE	:= -ffreestanding -nostartfiles --specs=picolibc.specs
MCU_ARM		:= -mthumb $(MCU_BARE)
MCU_QEMU	:= -display none -monitor none -serial null -semihosting-config enable=on,target=native

include $(sort $(wildcard mcu/*/port.mk))

MCU_MAKE	:= mcu/rules.mk $(wildcard mcu/*/port.mk)
MCU_HEADERS	:= $(wildcard include/*.h include/*.def mcu/*.h mcu/*/*.h mcu/*/*.ld tests/mcu/*.h)
MCU_CORE_SRC	:= mcu/embed.c mcu/embed_check.c
MCU_HAVE	:= $(foreach b,$(MCU_BOARDS),$(if $(shell command -v $(firstword $(MCU_CC_$b))),$b))
# Every board with every core, and with its UART if tests have another line; as board-core.
MCU_VARIANTS	= $(foreach b,$1,$(MCU_CORES:%=$b-%) $(if $(MCU_UART_$b),$b-uart))
MCU_ELF		= $(patsubst %,$(MCU)/%.elf,$(subst -,/,$(call MCU_VARIANTS,$1)))

.PHONY: mcu check-mcu mcu-speed mcu-hot mcu-size mcu-figures check-figures

MCU_LACKS	:= $(filter-out $(MCU_HAVE),$(MCU_BOARDS))
mcu: $(call MCU_ELF,$(MCU_HAVE)) ## build the firmware of all boards
	$(if $(MCU_LACKS),@echo 'mcu: $(MCU_LACKS): no compiler'; echo '  hint: .ci/packages mcu'; exit 1)

# $1: board, $2: name of the firmware, $3: its core, $4: its line
define MCU_RULE
$(MCU)/$1/$2.elf: tests/mcu/firmware.c $(filter-out $(MCU_LESS_$1),$(MCU_CORE_SRC)) mcu/core_$3.c $(MCU_SRC_$1) $4 $(MCU_HEADERS) \
		$(MCU_MAKE)
	@mkdir -p $$(@D)
	$(MCU_CC_$1) $(MCU_OPT_$3) $(MCU_FLAGS) -DVM_CORE=$3 $(MCU_TEST_$1) -o $$@ \
		$$(filter %.c %.S,$$(filter-out mcu/core_%.c,$$^)) $(MCU_LD_$1)
endef
$(foreach b,$(MCU_BOARDS),$(foreach c,$(MCU_CORES),$(eval $(call MCU_RULE,$b,$c,$c,$(MCU_LINE_$b)))) \
	$(if $(MCU_UART_$b),$(eval $(call MCU_RULE,$b,uart,small,$(MCU_UART_$b)))))

$(MCU)/simavr: tests/mcu/simavr.c
	@mkdir -p $(@D)
	$(CC) -O2 -Wall -Wextra -Werror -o $@ $< -lsimavr -lelf

$(MCU)/count.so: tests/mcu/count.c
	@mkdir -p $(@D)
	$(CC) -O2 -Wall -Wextra -Werror -shared -fPIC -o $@ $<

$(MCU)/random: tests/mcu/random.c $(B)/libbpfvm.a $(STAMP)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(HOST) -MMD -MP -o $@ $< $(B)/libbpfvm.a $(LIBS)

# Guests by each version of clang's instruction set: v2 is what RIOT's machines can run.
MCU_VERSIONS	:= v2 v3 v4
define MCU_GUEST_RULE
$(MCU)/guests/%.$1.o: progs/%.c $(wildcard progs/*.h)
	@mkdir -p $$(@D)
	$$(CLANG) -O2 -g -target bpf -mcpu=$1 -Wall -Wextra -Werror -I/usr/include/$$(MULTI) -c -o $$@ $$<
endef
$(foreach v,$(MCU_VERSIONS),$(eval $(call MCU_GUEST_RULE,$v)))
$(MCU)/guests/%.img: $(MCU)/guests/%.o | loader
	./loader pack $< -o $@
.SECONDARY: # the objects, between a guest's source and its image
MCU_GUEST_NAMES	:= empty fib fib2 alu fletcher32 sieve bubble crc32 siphash calls data table
MCU_GUESTS	:= $(foreach g,$(MCU_GUEST_NAMES),$(MCU_VERSIONS:%=$(MCU)/guests/$g.%.img))

# Boards whose compiler is not there are skipped, which is said.
MCU_SUITE	= $(foreach c,$(MCU_CORES),'$1:$c:$(or $(MCU_SHARE_$1),1):$(MCU_RUN_$1)') \
		$(if $(MCU_UART_$1),'$1:uart:5:$(subst -serial null,-serial stdio,$(MCU_RUN_$1))')
check-mcu: $(call MCU_ELF,$(MCU_HAVE)) $(foreach b,$(MCU_HAVE),$(MCU_NEEDS_$b)) $(MCU)/random \
		$(MCU_GUESTS)
check-mcu: ## the embedded machine on every board, emulated
	prove -v -e python3 tests/mcu/run.py :: --build $(MCU) \
		$(foreach b,$(MCU_BOARDS),$(call MCU_SUITE,$b))

# $1: core-option, $2: core, $3: option
define MCU_SPEED_RULE
$(MCU)/m4/speed-$1.elf: tests/mcu/speed.c mcu/embed.c mcu/core_$2.c $(MCU_SRC_m4) $(MCU_LINE_m4) \
		$(MCU_HEADERS) $(MCU_MAKE)
	@mkdir -p $$(@D)
	$(MCU_CC_m4) -$3 -g $(MCU_FLAGS) -DVM_CORE=$2 -o $$@ \
		$$(filter %.c %.S,$$(filter-out mcu/core_%.c,$$^)) $(MCU_LD_m4)
endef
MCU_SPEED	:= $(foreach c,$(MCU_CORES),$c-O2 $c-Os)
$(foreach s,$(MCU_SPEED),$(eval $(call MCU_SPEED_RULE,$s,$(firstword $(subst -, ,$s)),$(lastword \
	$(subst -, ,$s)))))

MCU_COUNTED	:= $(MCU_SPEED:%=$(MCU)/m4/speed-%.elf) $(MCU_GUESTS) $(MCU)/count.so
mcu-speed: $(MCU_COUNTED)
mcu-speed: ## instructions of a Cortex-M4 per instruction of a guest
	python3 tests/mcu/speed.py --build $(MCU) --command '$(MCU_RUN_m4)' \
		$(if $(PROFILE),--profile $(PROFILE))

mcu-hot: $(MCU_COUNTED)
mcu-hot: ## where these instructions go: make mcu-hot GUEST=alu.v3 ARMS='ADD_64X MOV_64K'
	python3 tests/mcu/hot.py --build $(MCU) --command '$(MCU_RUN_m4)' \
		$(if $(GUEST),--guest $(GUEST)) $(if $(ARMS),--arms $(ARMS))

MCU_SIZED	:= $(if $(filter m4,$(MCU_HAVE)),$(MCU_CORES:%=$(MCU)/m4/%.elf) $(MCU_GUESTS))
mcu-size: $(MCU_SIZED)
mcu-size: ## bytes of the embedded machine on a Cortex-M4, by part and build option, and RAM
	python3 tests/mcu/size.py --compiler '$(MCU_CC_m4)' --flags '$(MCU_FLAGS)' --link '$(MCU_LD_m4)' \
		--build $(MCU) --run '$(MCU_RUN_m4)'

# All is there before anything is printed.
MCU_PAGES	:= README.md mcu/README.md
mcu-figures: $(MCU_COUNTED) $(MCU_SIZED)
mcu-figures: ## write what mcu-speed, mcu-hot and mcu-size print into README.md and mcu/README.md
	python3 tests/mcu/figures.py $(MCU_PAGES)

check-figures: $(if $(filter m4,$(MCU_HAVE)),$(MCU_COUNTED) $(MCU_SIZED))
check-figures: ## whether the embedded machine keeps its limits, and pages have its figures
	MAKEFLAGS= prove -v -e python3 tests/mcu/figures.py :: --check $(firstword $(MCU_CC_m4)) \
		$(MCU_PAGES)
