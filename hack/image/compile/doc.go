// Package compile builds the program so that the bytes depend on the sources
// alone: a fixed toolchain and instruction set, no C, no paths, no dates, no
// state of a version control. It does not trust itself: what the linker wrote
// into the binary is read back and compared with what was asked for.
package compile
