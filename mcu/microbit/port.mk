# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# BBC micro:bit, version 1: a Cortex-M0 with 16 KiB of RAM.
MCU_BOARDS	+= m0

MCU_CC_m0	:= arm-none-eabi-gcc -mcpu=cortex-m0 $(MCU_ARM)
MCU_SRC_m0	:= mcu/cortexm/start.c mcu/microbit/ticks.c
MCU_LINE_m0	:= mcu/semihosting/line.c
MCU_UART_m0	:= mcu/microbit/uart.c
MCU_LD_m0	:= -T mcu/microbit/microbit.ld
MCU_RUN_m0	:= qemu-system-arm -M microbit $(MCU_QEMU) -kernel FIRMWARE
MCU_TEST_m0	:= -DARENA_SIZE=2048 -DCODE_SIZE=640
