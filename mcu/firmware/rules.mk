# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The example firmware, for a Cortex-M4 of qemu, and its tests.

FIRMWARE	:= $(wildcard mcu/firmware/*.c)
FIRMWARE_DEPS	:= $(FIRMWARE) $(wildcard mcu/firmware/*.h mcu/firmware/*.def) $(MCU_CORE_SRC) $(MCU_HEADERS) \
		$(MCU_MAKE) mcu/firmware/rules.mk $(wildcard mcu/core_*.c)
FIRMWARE_FLAGS	:= $(MCU_FLAGS) -Os

.PHONY: firmware check-push

firmware: $(MCU)/m4/guests.elf ## the example firmware, for a Cortex-M4 of qemu

$(MCU)/m4/guests.elf: $(FIRMWARE_DEPS) $(MCU_SRC_m4) $(MCU_UART_m4)
	@mkdir -p $(@D)
	$(MCU_CC_m4) $(FIRMWARE_FLAGS) -o $@ $(FIRMWARE) $(MCU_CORE_SRC) $(MCU_SRC_m4) $(MCU_UART_m4) $(MCU_LD_m4)

# It has no leaks to look for, and no heap.
$(MCU)/host/garbled.elf: $(FIRMWARE_DEPS) mcu/host/board.c
	@mkdir -p $(@D)
	$(CC) $(MCU_FLAGS) $(SANITIZE) -o $@ $(FIRMWARE) $(MCU_CORE_SRC) mcu/host/board.c

# Without the compiler there is no firmware, and the tests say that they are skipped.
check-push: loader progs $(MCU)/host/garbled.elf $(if $(filter m4,$(MCU_HAVE)),firmware) ## guests in a running device, and the page for authors of firmware
	FIRMWARE=$(MCU)/m4/guests.elf DEVICE='$(MCU_RUN_m4)' prove -e bats tests/mcu/push.bats tests/mcu/page.bats
	ASAN_OPTIONS=detect_leaks=0 prove -e python3 tests/mcu/garble.py :: ./loader $(MCU)/host/garbled.elf
