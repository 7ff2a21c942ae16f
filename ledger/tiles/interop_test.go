package tiles_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/ledger/mirror"
	"chaperone.example/ledger/proof"
	"chaperone.example/ledger/tiles"
	"chaperone.example/ledger/witness"
)

// Programs of others, which know nothing of this one, read what it serves (LED-1, bar 1).
// They are built by the go command; where that cannot fetch them, the tests are skipped
// and say so. CHAPERONE_INTEROP=1 asks for them: they take minutes to build.
const (
	tesseraVersion = "v1.0.4"
	witnessVersion = "v0.0.0-20260617164027-9332986a94a4"
)

// build makes a program of another module, or of the module tools.
func build(t *testing.T, pkg, version string) string {
	t.Helper()
	if os.Getenv("CHAPERONE_INTEROP") != "1" {
		t.Skip("skipped: CHAPERONE_INTEROP=1 runs the programs of others against this log")
	}
	dir := t.TempDir()
	cmd := exec.Command("go", "install", pkg+"@"+version)
	if version == "" {
		_, file, _, _ := runtime.Caller(0)
		cmd = exec.Command("go", "build", "-o", dir+"/", "./"+pkg)
		cmd.Dir = filepath.Join(filepath.Dir(file), "..", "..", "tools")
	}
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=-mod=mod")
	if version == "" {
		cmd.Env = append(os.Environ(), "GOFLAGS=")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("skipped: %s cannot be built here: %v\n%s", pkg, err, out)
	}
	return filepath.Join(dir, filepath.Base(pkg))
}

// command runs a program that must succeed, and not hang.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
	}
	return string(out)
}

// serve serves a ledger of n records.
func serve(t *testing.T, n int) (url, vkey string, d *ledger.Desk, c ledger.Config) {
	t.Helper()
	s := ledgertest.Stores()[0]
	c, vkey = ledgertest.Counting(t, s.Open(t, s.Fresh(t)))
	d = ledgertest.Desk(t, c)
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			id := fmt.Sprint(i)
			ledger.Do(context.Background(), d, ledgertest.Alice, ledgertest.Counts, id, ledgertest.Begin{With: "south"})
			for range n/64 - 1 {
				if _, err := ledger.Do(context.Background(), d, ledgertest.Alice, ledgertest.Counts, id, ledgertest.Add{By: 1}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	srv := httptest.NewServer(tiles.Handler(d.Log, func(_ context.Context, err error) { t.Error(err) }))
	t.Cleanup(srv.Close)
	return srv.URL + "/", vkey, d, c
}

const many = 70_000 / 64 * 64 // past the first tile of the second level

func TestFsck(t *testing.T) {
	fsck := build(t, "github.com/transparency-dev/tessera/cmd/fsck", tesseraVersion)
	url, vkey, _, _ := serve(t, many)
	key := filepath.Join(t.TempDir(), "log.pub")
	if err := os.WriteFile(key, []byte(vkey), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, fsck, "--storage_url="+url, "--public_key="+key, "--ui=false", "--N=4")
}

func TestTorchwood(t *testing.T) {
	client := build(t, "logclient", "")
	url, vkey, d, _ := serve(t, many)
	out := command(t, client, "-url", url, "-key", vkey, "-proofs", "1000")
	h, err := d.Log.Head(t.Context())
	if err != nil || !strings.Contains(out, fmt.Sprintf("%d entries, 1000 random proofs, root %v", h.N, h.Hash)) {
		t.Errorf("it says %s", out)
	}
	t.Log(out)
}

// What a mirror of others copied, our own verifier accepts.
func TestPosixMirror(t *testing.T) {
	migrate := build(t, "github.com/transparency-dev/tessera/cmd/experimental/migrate/posix", tesseraVersion)
	url, vkey, d, _ := serve(t, many)
	dir := filepath.Join(t.TempDir(), "mirror")
	command(t, migrate, "--source_url="+url, "--storage_dir="+dir)
	checkpoint, err := d.Log.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "checkpoint"), checkpoint, 0o600); err != nil {
		t.Fatal(err)
	}
	policy, err := proof.ParsePolicy(proof.FormatPolicy(vkey))
	if err != nil {
		t.Fatal(err)
	}
	if s, err := mirror.Verify(os.DirFS(dir), policy); err != nil || s.Tree.N != many {
		t.Errorf("%+v, %v", s, err)
	}
}

// A witness of others cosigns growth, and refuses a history that was cut back or
// rewritten.
func TestOmniwitness(t *testing.T) {
	program := build(t, "github.com/transparency-dev/witness/cmd/omniwitness", witnessVersion)
	keys := build(t, "github.com/transparency-dev/witness/cmd/generate_keys", witnessVersion)
	_, vkey, d, config := serve(t, 640)
	dir := t.TempDir()
	private, public := filepath.Join(dir, "key"), filepath.Join(dir, "key.pub")
	command(t, keys, "--origin=omni.example", "--out_priv="+private, "--out_pub="+public)
	witnessKey, err := os.ReadFile(public)
	if err != nil {
		t.Fatal(err)
	}
	logs := filepath.Join(dir, "logs.yaml")
	if err := os.WriteFile(logs, fmt.Appendf(nil, "Logs:\n  - Origin: %s\n    PublicKey: %s\n    URL: http://127.0.0.1:1/\n    Feeder: none\n", ledgertest.Origin, vkey), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	var said strings.Builder
	cmd := exec.Command(program, "--additional_logs="+logs, "--db_file="+filepath.Join(dir, "w.db"), "--listen="+address, "--private_key_path="+private)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for range 100 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	policy, err := proof.ParsePolicy(fmt.Appendf(nil, "log %s\nwitness omni %s http://%s/\nquorum omni\n", vkey, strings.TrimSpace(string(witnessKey)), address))
	if err != nil {
		t.Fatalf("%v: %s", err, witnessKey)
	}
	var last error
	c := &witness.Collector{Log: d.Log, Policy: policy, Client: &http.Client{Timeout: 10 * time.Second}, Report: func(_ string, err error) { last = err }}
	for range 2 { // from nothing, and from the first head to the second
		if err := c.Collect(t.Context()); err != nil || last != nil {
			t.Fatalf("%v, %v\n%s", err, last, said.String())
		}
		ledgertest.Do(t, d, "1", ledgertest.Add{By: 1})
	}
	// Another history under the same name and key is refused, in whatever length.
	for name, n := range map[string]int{"cut back": 320, "rewritten": 960} {
		s := ledgertest.Stores()[0]
		forged := config
		forged.DB = s.Open(t, s.Fresh(t))
		f := ledgertest.Desk(t, forged)
		for i := range n {
			ledgertest.Do(t, f, fmt.Sprint(i), ledgertest.Begin{With: "east"})
		}
		c := &witness.Collector{Log: f.Log, Policy: policy, Client: &http.Client{Timeout: 10 * time.Second}, Report: func(_ string, err error) { last = err }}
		if err := c.Collect(t.Context()); err != nil {
			t.Fatal(err)
		}
		if last == nil {
			t.Errorf("%s: it was cosigned", name)
		}
		t.Logf("%s: %v", name, last)
	}
}
