package past

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// folder makes a folder beneath dir for this process, and removes those of processes
// that have ended without doing so.
func folder(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("past: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("past: %w", err)
	}
	for _, e := range entries {
		id, _, ok := strings.Cut(e.Name(), "-")
		pid, err := strconv.Atoi(id)
		if !ok || err != nil || pid <= 0 || alive(pid) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return "", fmt.Errorf("past: %w", err)
		}
	}
	return os.MkdirTemp(dir, strconv.Itoa(os.Getpid())+"-")
}

// alive reports whether there is a process of an id. What cannot be told is taken to be.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || !errors.Is(err, os.ErrProcessDone) && !errors.Is(err, syscall.ESRCH)
}
