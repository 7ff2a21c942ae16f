package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A mistyped folder makes no hub, with keys nobody would back up.
func TestServeMakesNoHub(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mistyped")
	_, said, code := command(t, "serve", "--dir", dir, "--listen", "127.0.0.1:0")
	if code != exitBadFile || !strings.Contains(said, "chaperone init") {
		t.Errorf("exit code %d, said %q", code, said)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder was made: %v", err)
	}
}

func TestProgramIsWhatThePersonTyped(t *testing.T) {
	for arg, want := range map[string]string{"./chaperone": "./chaperone", "/tmp/go-build123/b001/exe/chaperone": "go run ./cmd/chaperone"} {
		if got := program(arg); got != want {
			t.Errorf("program(%s) = %s, want %s", arg, got, want)
		}
	}
}
