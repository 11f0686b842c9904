/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The forms of instructions that compiled guests execute most. The table core has an arm of its own
 * for each; the others share those of operands.h.
 */
#ifndef HOT_H
#define HOT_H

#define HOT_ADD_32K , &&arm_ADD_32K
#define HOT_ADD_32X , &&arm_ADD_32X
#define HOT_ADD_64K , &&arm_ADD_64K
#define HOT_ADD_64X , &&arm_ADD_64X
#define HOT_SUB_64X , &&arm_SUB_64X
#define HOT_AND_32K , &&arm_AND_32K
#define HOT_AND_64K , &&arm_AND_64K
#define HOT_OR_64X , &&arm_OR_64X
#define HOT_LSH_64K , &&arm_LSH_64K
#define HOT_RSH_32K , &&arm_RSH_32K
#define HOT_RSH_64K , &&arm_RSH_64K
#define HOT_XOR_64X , &&arm_XOR_64X
#define HOT_MOV_32K , &&arm_MOV_32K
#define HOT_MOV_32X , &&arm_MOV_32X
#define HOT_MOV_64K , &&arm_MOV_64K
#define HOT_MOV_64X , &&arm_MOV_64X
#define HOT_JA , &&branch
#define HOT_JEQ_32K , &&arm_JEQ_32K
#define HOT_JEQ_64K , &&arm_JEQ_64K
#define HOT_JNE_32K , &&arm_JNE_32K
#define HOT_JNE_64K , &&arm_JNE_64K
#define HOT_JNE_64X , &&arm_JNE_64X
#define HOT_LDXB , &&arm_LDXB
#define HOT_LDXH , &&arm_LDXH
#define HOT_LDXW , &&arm_LDXW
#define HOT_LDXDW , &&arm_LDXDW
#define HOT_STXB , &&arm_STXB
#define HOT_STXW , &&arm_STXW
#define HOT_STXDW , &&arm_STXDW
#define HOT_LDDW , &&arm_LDDW
#define HOT_CALL , &&arm_CALL
#define HOT_CALLX , &&arm_CALLX
#define HOT_EXIT , &&arm_EXIT

#define HOT_SECOND(first, second, ...) second
#define HOT_PICK(...) HOT_SECOND(__VA_ARGS__)

#endif
