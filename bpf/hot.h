/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The forms that compiled guests execute most, the most frequent first. A table turns an opcode
 * into this rank, and the ranks have a dispatch of their own before the one of the rest: clang
 * lowers a switch to a tree of compares, which for numbers without gaps is small, and cheapest at
 * its low end.
 */
#ifndef BPFVM_HOT_H
#define BPFVM_HOT_H

#define HOT_MOV_64X , 0
#define HOT_MOV_32X , 1
#define HOT_ADD_64K , 2
#define HOT_ADD_64X , 3
#define HOT_ADD_32X , 4
#define HOT_LDXDW , 5
#define HOT_JNE_64K , 6
#define HOT_STXDW , 7
#define HOT_LSH_64K , 8
#define HOT_RSH_64K , 9
#define HOT_XOR_64X , 10
#define HOT_OR_64X , 11
#define HOT_AND_64K , 12
#define HOT_AND_32K , 13
#define HOT_MOV_64K , 14
#define HOT_MOV_32K , 15
#define HOT_LDXB , 16
#define HOT_LDXW , 17
#define HOT_LDXH , 18
#define HOT_STXW , 19
#define HOT_STXB , 20
#define HOT_JNE_32K , 21
#define HOT_JEQ_64K , 22
#define HOT_JEQ_32K , 23
#define HOT_ADD_32K , 24
#define HOT_JA , 25
#define HOT_SUB_64X , 26
#define HOT_LDDW , 27
#define HOT_RSH_32K , 28
#define HOT_XOR_32X , 29
#define HOT_JLT_64K , 30
#define HOT_JGT_64K , 31
#define HOT_RANKS 32

/* The rank of a form; HOT_RANKS for the others. */
#define HOT_SECOND(first, second, ...) second
#define HOT_PICK(...) HOT_SECOND(__VA_ARGS__)
#define HOT(name) HOT_PICK(HOT_##name, HOT_RANKS, HOT_RANKS)

#endif
