/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The forms that compiled guests execute most have a dispatch of their own, before the one of the rest: clang lowers
 * a switch to a tree of compares, and a small tree takes fewer.
 */
#ifndef BPFVM_HOT_H
#define BPFVM_HOT_H

#define HOT_MARK , 1
#define HOT_ADD_64K HOT_MARK
#define HOT_ADD_64X HOT_MARK
#define HOT_ADD_32K HOT_MARK
#define HOT_ADD_32X HOT_MARK
#define HOT_SUB_64X HOT_MARK
#define HOT_OR_64X HOT_MARK
#define HOT_AND_64K HOT_MARK
#define HOT_AND_32K HOT_MARK
#define HOT_LSH_64K HOT_MARK
#define HOT_RSH_64K HOT_MARK
#define HOT_XOR_64X HOT_MARK
#define HOT_MOV_64K HOT_MARK
#define HOT_MOV_64X HOT_MARK
#define HOT_MOV_32K HOT_MARK
#define HOT_MOV_32X HOT_MARK
#define HOT_LDXB HOT_MARK
#define HOT_LDXH HOT_MARK
#define HOT_LDXW HOT_MARK
#define HOT_LDXDW HOT_MARK
#define HOT_STXB HOT_MARK
#define HOT_STXW HOT_MARK
#define HOT_STXDW HOT_MARK
#define HOT_JEQ_64K HOT_MARK
#define HOT_JNE_64K HOT_MARK
#define HOT_JEQ_32K HOT_MARK
#define HOT_JNE_32K HOT_MARK
#define HOT_JGT_64K HOT_MARK
#define HOT_JGT_64X HOT_MARK

/* 1 for these forms, 0 for the others. */
#define HOT_SECOND(first, second, ...) second
#define HOT_PICK(...) HOT_SECOND(__VA_ARGS__)
#define HOT(name) HOT_PICK(HOT_##name, 0, 0)

#endif
