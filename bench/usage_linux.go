package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// cpuTime is the time of the processor that this process used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return -1
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peakMB is the most memory that this process had resident so far (VmHWM), in MiB; negative where it can't be told.
func peakMB() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return -1
	}
	for line := range strings.Lines(string(text)) {
		var kib float64
		if _, err := fmt.Sscanf(line, "VmHWM: %f kB", &kib); err == nil {
			return kib / 1024
		}
	}
	return -1
}

// systemNames are kernel, processor, memory in MiB, and the file system of a folder.
func systemNames(dir string) (kernel, cpu string, memoryMB int, fileSystem string) {
	text, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	kernel = strings.TrimSpace(string(text))
	text, _ = os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			cpu = strings.TrimSpace(value)
			break
		}
	}
	text, _ = os.ReadFile("/proc/meminfo")
	var kib int
	if _, err := fmt.Sscanf(string(text), "MemTotal: %d kB", &kib); err == nil {
		memoryMB = kib / 1024
	}
	return kernel, cpu, memoryMB, fileSystemOf(dir)
}

// fileSystemOf finds the mount under which a folder lies.
func fileSystemOf(dir string) string {
	text, _ := os.ReadFile("/proc/self/mounts")
	longest, name := -1, ""
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || len(fields[1]) <= longest {
			continue
		}
		if below := strings.TrimSuffix(fields[1], "/") + "/"; strings.HasPrefix(dir+"/", below) {
			longest, name = len(fields[1]), fields[2]
		}
	}
	return name
}
