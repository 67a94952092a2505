//go:build !linux

package main

import "time"

// Time of the processor, memory and the machine's names are not measured here: the report says so.

func cpuTime() time.Duration { return -1 }

func peakMB() float64 { return -1 }

func systemNames(string) (kernel, cpu string, memoryMB int, fileSystem string) { return "", "", 0, "" }
