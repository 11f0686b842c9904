# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Arm MPS2, Cortex-M3 (AN385) and Cortex-M4 (AN386): one start-up and one linker script.
MCU_BOARDS	+= m3 m4

MCU_CC_m3	:= arm-none-eabi-gcc -mcpu=cortex-m3 $(MCU_ARM)
MCU_SRC_m3	:= mcu/cortexm/start.c mcu/mps2/ticks.c
MCU_LINE_m3	:= mcu/semihosting/line.c
MCU_UART_m3	:= mcu/mps2/uart.c
MCU_LD_m3	:= -T mcu/mps2/mps2.ld
MCU_RUN_m3	:= qemu-system-arm -M mps2-an385 $(MCU_QEMU) -kernel FIRMWARE

MCU_CC_m4	:= arm-none-eabi-gcc -mcpu=cortex-m4 $(MCU_ARM)
MCU_SRC_m4	:= $(MCU_SRC_m3)
MCU_LINE_m4	:= $(MCU_LINE_m3)
MCU_UART_m4	:= $(MCU_UART_m3)
MCU_LD_m4	:= $(MCU_LD_m3)
MCU_RUN_m4	:= qemu-system-arm -M mps2-an386 $(MCU_QEMU) -kernel FIRMWARE
