//go:build !linux

package main

import "fmt"

func main() { fmt.Println("rehearsal: NOT SHOWN: it needs Linux") }
