package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// machine is where it was measured.
type machine struct {
	OS         string  `json:"os"`
	Kernel     string  `json:"kernel,omitempty"`
	CPU        string  `json:"cpu,omitempty"`
	Cores      int     `json:"cores"`
	MemoryMB   int     `json:"memoryMB,omitempty"`
	Go         string  `json:"go"`
	Commit     string  `json:"commit"`
	FileSystem string  `json:"fileSystem,omitempty"`
	FsyncMs    float64 `json:"fsyncMs"`
	Day        string  `json:"day"`
}

func describe(dir string) (machine, error) {
	m := machine{OS: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU(), Go: runtime.Version(), Commit: commit(), Day: time.Now().UTC().Format(time.DateOnly)}
	m.Kernel, m.CPU, m.MemoryMB, m.FileSystem = systemNames(dir)
	var err error
	m.FsyncMs, err = fsyncMs(dir)
	return m, err
}

// commit is what is checked out, with "+" where files differ from it; empty without git.
func commit() string {
	hash, err := exec.Command("git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return ""
	}
	name := strings.TrimSpace(string(hash))
	changed, err := exec.Command("git", "status", "--porcelain", "--untracked-files=no").Output()
	if err == nil && len(strings.TrimSpace(string(changed))) > 0 {
		name += "+"
	}
	return name
}

// fsyncMs is the median of how long the disk takes to keep a page that was added to a file.
func fsyncMs(dir string) (float64, error) {
	f, err := os.Create(filepath.Join(dir, "fsync"))
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	page := make([]byte, 4096)
	var all []float64
	for range 51 {
		began := time.Now()
		if _, err := f.Write(page); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		all = append(all, float64(time.Since(began).Microseconds())/1000)
	}
	return middle(all), nil
}
