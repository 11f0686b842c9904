/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For test_image: an object whose only function is in .text, where programs are not. */
int lost(void)
{
	return 1;
}
