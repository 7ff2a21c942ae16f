package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"chaperone.example/internal/app"
)

var kills = flag.Int("kills", 6, "how many times the story is killed")

// acknowledged finds the announcement of a step, and how many records the ledger
// had by then.
var acknowledged = regexp.MustCompile(`(?m)^ok (\d+) +\[ *(\d+)\]`)

// Killed at any moment and started again, the program has every step that it
// announced, and its ledger verifies.
func TestKilledAtAnyMoment(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: it builds and kills the program")
	}
	program := filepath.Join(t.TempDir(), "chaperone")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	whole := filepath.Join(t.TempDir(), "whole")
	start := time.Now()
	if out, err := exec.Command(program, "demo", "--once", "--dir", whole).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	took := time.Since(start)

	dir := filepath.Join(t.TempDir(), "killed")
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	for n := range *kills {
		var told bytes.Buffer
		cmd := exec.Command(program, "demo", "--once", "--dir", dir)
		cmd.Stdout, cmd.Stderr = &told, io.Discard
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		after := time.Duration(random.Int64N(int64(took)))
		time.Sleep(after)
		cmd.Process.Kill()
		cmd.Wait()
		steps := acknowledged.FindAllStringSubmatch(told.String(), -1)
		if _, err := os.Stat(filepath.Join(dir, "ledger.db")); err != nil {
			if len(steps) > 0 {
				t.Fatalf("kill %d after %v: steps were announced, and there is no ledger", n, after)
			}
			continue
		}
		rep, err := app.Audit(context.Background(), app.Place{Dir: dir}, nil)
		if err != nil {
			t.Fatalf("kill %d after %v: %v", n, after, err)
		}
		if len(steps) > 0 {
			last := steps[len(steps)-1]
			if size, _ := strconv.ParseInt(last[2], 10, 64); rep.Tree.N < size {
				t.Fatalf("kill %d after %v: step %s was announced at %d records, and %d are left", n, after, last[1], size, rep.Tree.N)
			}
		}
	}
	out, err := exec.Command(program, "demo", "--once", "--dir", dir).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("ledger verified")) {
		t.Fatalf("the story cannot be finished: %v\n%s", err, out)
	}
	if got, want := fmt.Sprint(len(acknowledged.FindAll(out, -1))), fmt.Sprint(len(acknowledged.FindAll(mustRun(t, program, whole), -1))); got != want {
		t.Errorf("the story that was killed has %s steps, the other %s", got, want)
	}
}

func mustRun(t *testing.T, program, dir string) []byte {
	t.Helper()
	out, err := exec.Command(program, "demo", "--once", "--dir", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}
