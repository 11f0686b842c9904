# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The host: what the others are compared with.
MCU_BOARDS	+= host

MCU_CC_host	:= $(CC) -g
MCU_SRC_host	:= mcu/host/board.c
MCU_LD_host	:=
MCU_RUN_host	:= FIRMWARE
