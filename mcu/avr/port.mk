# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# ATmega1284P: 16-bit pointers and ints, 16 KiB of RAM, code of guests in flash.
MCU_BOARDS	+= avr

MCU_CC_avr	:= avr-gcc -mmcu=atmega1284p -DF_CPU=16000000ul -include mcu/avr/port.h
MCU_SRC_avr	:= mcu/avr/board.c mcu/avr/flash.c
# the boot section of 512 words, the smallest there is
MCU_LD_avr	:= -Wl,--section-start=.bootloader=0x1fc00
MCU_LESS_avr	:= mcu/embed_check.c
MCU_RUN_avr	:= $(B)/mcu/simavr FIRMWARE
MCU_TEST_avr	:= -DARENA_SIZE=2048 -DCODE_SIZE=4064
MCU_NEEDS_avr	:= $(if $(wildcard /usr/include/simavr),$(B)/mcu/simavr)
MCU_SHARE_avr	:= 4
