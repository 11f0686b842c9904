# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The example firmware, for a Cortex-M4 of qemu and, to be tried without one, for this host.

FIRMWARE	:= $(wildcard mcu/firmware/*.c)
FIRMWARE_DEPS	:= $(FIRMWARE) $(wildcard mcu/firmware/*.h mcu/firmware/*.def) mcu/embed.c $(MCU_HEADERS) \
		$(MCU_MAKE) mcu/firmware/rules.mk $(wildcard mcu/core_*.c)
FIRMWARE_FLAGS	:= $(MCU_FLAGS) -Os -DVM_CORE=table

firmware: $(MCU)/m4/firmware.elf ## the example firmware, for qemu's mps2-an386

$(MCU)/m4/firmware.elf: $(FIRMWARE_DEPS) $(MCU_SRC_m4) $(MCU_UART_m4)
	@mkdir -p $(@D)
	$(MCU_CC_m4) $(FIRMWARE_FLAGS) -o $@ $(FIRMWARE) mcu/embed.c $(MCU_SRC_m4) $(MCU_UART_m4) $(MCU_LD_m4)
