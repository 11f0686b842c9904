/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Runs a firmware on an ATmega1284P that simavr emulates: `simavr FIRMWARE`. Stdin and stdout are
 * the first UART. The exit code is the firmware's status, or 99 if the processor could not go on.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <gelf.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>

#define GPIOR0 0x3e /* in the data space; board_exit leaves the status there */
#define CRASHED 99

static struct {
	uint8_t data[4096];
	ssize_t at, end;
	bool closed; /* no more will come */
	bool full;   /* the UART takes no more now; nor before it is switched on */
} in = {.full = true};

/* The emulator's own messages would go to stdout. */
static void say_nothing(struct avr_t *avr, const int level, const char *format, va_list args)
{
	(void)avr, (void)level, (void)format, (void)args;
}

static void output(struct avr_irq_t *irq, uint32_t value, void *param)
{
	(void)irq, (void)param;
	putchar((int)value);
}

static void xon(struct avr_irq_t *irq, uint32_t value, void *param)
{
	(void)irq, (void)value, (void)param;
	in.full = false;
}

static void xoff(struct avr_irq_t *irq, uint32_t value, void *param)
{
	(void)irq, (void)value, (void)param;
	in.full = true;
}

/* Whether there is a byte for the UART. Asks for more only if that is there already. */
static bool input(void)
{
	struct pollfd ready = {.fd = STDIN_FILENO, .events = POLLIN};

	if (in.at < in.end)
		return true;
	if (in.closed)
		return false;
	fflush(stdout);
	if (poll(&ready, 1, 0) <= 0)
		return false;
	in.at = 0;
	in.end = read(STDIN_FILENO, in.data, sizeof(in.data));
	in.closed = in.end <= 0;
	return !in.closed;
}

static void connect_uart(avr_t *avr)
{
	uint32_t ioctl = AVR_IOCTL_UART_GETIRQ('0'), flags = 0;

	/* neither sleep when it is polled, nor print lines */
	avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
	avr_irq_register_notify(avr_io_getirq(avr, ioctl, UART_IRQ_OUTPUT), output, NULL);
	avr_irq_register_notify(avr_io_getirq(avr, ioctl, UART_IRQ_OUT_XON), xon, NULL);
	avr_irq_register_notify(avr_io_getirq(avr, ioctl, UART_IRQ_OUT_XOFF), xoff, NULL);
}

static int run(avr_t *avr)
{
	avr_irq_t *uart = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
	int state;

	do {
		state = avr_run(avr);
		if (!in.full && input())
			avr_raise_irq(uart, in.data[in.at++]);
	} while (state != cpu_Done && state != cpu_Crashed);
	fflush(stdout);
	return state == cpu_Crashed ? CRASHED : avr->data[GPIOR0];
}

/* simavr's own reader of ELF files leaves out what is not .text or .data, as the boot section. */
static bool load(avr_t *avr, Elf *elf)
{
	size_t count = 0;
	GElf_Phdr part;
	GElf_Ehdr head;
	uint8_t *data = (uint8_t *)elf_rawfile(elf, NULL);

	if (elf_getphdrnum(elf, &count) || !gelf_getehdr(elf, &head) || head.e_machine != EM_AVR)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!gelf_getphdr(elf, (int)i, &part))
			return false;
		if (part.p_type != PT_LOAD || !part.p_filesz)
			continue;
		if (part.p_paddr + part.p_filesz > avr->flashend + 1)
			return false;
		avr_loadcode(avr, data + part.p_offset, (uint32_t)part.p_filesz,
			     (uint32_t)part.p_paddr);
	}
	avr->codeend = avr->flashend;
	return count > 0;
}

static bool load_file(avr_t *avr, const char *name)
{
	int fd = open(name, O_RDONLY);
	Elf *elf;
	bool good;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	good = elf && load(avr, elf);
	elf_end(elf);
	close(fd);
	return good;
}

int main(int argc, char **argv)
{
	avr_t *avr = avr_make_mcu_by_name("atmega1284p");

	if (argc != 2) {
		fprintf(stderr, "usage: simavr FIRMWARE\n");
		return 2;
	}
	avr_global_logger_set(say_nothing);
	if (!avr || avr_init(avr) || !load_file(avr, argv[1])) {
		fprintf(stderr, "simavr: %s: not a firmware for this processor\n"
				"  hint: make mcu builds them\n", argv[1]);
		return 1;
	}
	avr->frequency = 16000000;
	connect_uart(avr);
	return run(avr);
}
