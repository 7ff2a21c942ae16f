//go:build unix

package anchor

import (
	"os"
	"syscall"
)

// lock keeps other processes out of the file until unlock: several hubs that share one
// database share the anchor.
func lock(f *os.File) error   { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX) }
func unlock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
