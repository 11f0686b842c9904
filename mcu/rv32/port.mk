# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# QEMU's RISC-V board `virt` with one RV32IMAC.
MCU_BOARDS	+= rv32

MCU_CC_rv32	:= riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32 $(MCU_BARE) \
		-include mcu/rv32/port.h
MCU_SRC_rv32	:= mcu/rv32/start.S mcu/rv32/ticks.c
MCU_LINE_rv32	:= mcu/semihosting/line.c
MCU_UART_rv32	:= mcu/rv32/uart.c
MCU_LD_rv32	:= -T mcu/rv32/rv32.ld -Wl,--no-warn-rwx-segments
MCU_RUN_rv32	:= qemu-system-riscv32 -M virt -bios none $(MCU_QEMU) -kernel FIRMWARE
