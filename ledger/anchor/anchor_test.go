package anchor

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

func TestAnchorSurvivesATornWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anchor")
	a, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := int64(1); n <= 5; n++ {
		if err := a.Advance(tlog.Tree{N: n, Hash: tlog.RecordHash([]byte{byte(n)})}); err != nil {
			t.Fatal(err)
		}
	}
	a.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		torn := append([]byte(nil), whole...)
		torn[i] ^= 0x10
		if err := os.WriteFile(path, torn, 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := Open(path)
		if err != nil {
			t.Fatalf("byte %d: %v", i, err)
		}
		if last, _ := a.Last(); last.N < 4 {
			t.Errorf("byte %d: fell back to %d", i, last.N)
		}
		a.Close()
	}
	if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil {
		t.Error("a damaged anchor was taken for an empty one")
	}
}

// Processes that share a database share its anchor: whoever is late takes nothing back.
func TestSharedByProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anchor")
	var wg sync.WaitGroup
	var next atomic.Int64
	const heads = 2000
	for range 4 {
		a, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		wg.Go(func() {
			for {
				n := next.Add(1)
				if n > heads {
					return
				}
				if err := a.Advance(tlog.Tree{N: n}); err != nil {
					t.Error(err)
				}
				if b, err := Open(path); err != nil {
					t.Error(err)
				} else {
					if last, _ := b.Last(); last.N < n {
						t.Errorf("%d was remembered, and then only %d", n, last.N)
					}
					b.Close()
				}
			}
		})
	}
	wg.Wait()
}
