package tiles_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
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
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/tlog"
)

// Programs of others, which know nothing of this one, read what it serves (LED-1, bar 1).
// They are built by the go command; where that cannot fetch them, the tests are skipped
// and say so. CHAPERONE_INTEROP=1 asks for them: they take minutes to build.
const (
	tesseraVersion   = "v1.0.4"
	torchwoodVersion = "v0.9.0"
	witnessVersion   = "v0.0.0-20260617164027-9332986a94a4"
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
	for _, kind := range []string{"Ed25519", "ML-DSA-44"} {
		t.Run(kind, func(t *testing.T) { omniwitness(t, program, keys, kind == "ML-DSA-44") })
	}
}

func omniwitness(t *testing.T, program, keys string, quantum bool) {
	_, vkey, d, config := serve(t, 640)
	dir := t.TempDir()
	private, public := filepath.Join(dir, "key"), filepath.Join(dir, "key.pub")
	command(t, keys, "--origin=omni.example", fmt.Sprint("--mldsa=", quantum), "--out_priv="+private, "--out_pub="+public)
	witnessKey, err := os.ReadFile(public)
	if err != nil {
		t.Fatal(err)
	}
	logs := filepath.Join(dir, "logs.yaml")
	if err := os.WriteFile(logs, fmt.Appendf(nil, "Logs:\n  - Origin: %s\n    PublicKey: %s\n    URL: http://127.0.0.1:1/\n    Feeder: none\n", ledgertest.Origin, vkey), 0o600); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	said := startWitness(t, address, program, "--additional_logs="+logs, "--db_file="+filepath.Join(dir, "w.db"), "--listen="+address, "--private_key_path="+private)
	policy, err := proof.ParsePolicy(fmt.Appendf(nil, "log %s\nwitness omni %s http://%s/\nquorum omni\n", vkey, strings.TrimSpace(string(witnessKey)), address))
	if err != nil {
		t.Fatalf("%v: %s", err, witnessKey)
	}
	judge(t, d, config, policy, said)
}

// judge lets a witness see a ledger grow, then another history under the same key.
func judge(t *testing.T, d *ledger.Desk, config ledger.Config, policy *proof.Policy, said func() string) {
	t.Helper()
	var last error
	c := &witness.Collector{Log: d.Log, Policy: policy, Client: &http.Client{Timeout: 10 * time.Second}, Report: func(_ string, err error) { last = err }}
	for range 2 { // from nothing, and from the first head to the second
		if err := c.Collect(t.Context()); err != nil || last != nil {
			t.Fatalf("%v, %v\n%s", err, last, said())
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

// The same with a witness whose key is in an ssh-agent.
func TestLitewitness(t *testing.T) {
	program := build(t, "filippo.io/torchwood/cmd/litewitness", torchwoodVersion)
	_, vkey, d, config := serve(t, 640)
	dir := t.TempDir()
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed)
	key := ed25519.NewKeyFromSeed(seed)
	keys := agent.NewKeyring()
	if err := keys.Add(agent.AddedKey{PrivateKey: &key}); err != nil {
		t.Fatal(err)
	}
	socket, err := net.Listen("unix", filepath.Join(dir, "agent"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	go func() {
		for {
			c, err := socket.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(keys, c)
		}
	}()
	public, err := ssh.NewPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	file := filepath.Join(dir, "w.db")
	said := startWitness(t, address, program, "-db="+file, "-key="+ssh.FingerprintSHA256(public), "-listen="+address, "-name=lite.example", "-ssh-agent="+filepath.Join(dir, "agent"))
	db := ledgertest.OpenDB(t, file)
	empty, err := tlog.TreeHash(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`insert into log (origin, tree_size, tree_hash) values ($1, 0, $2)`, ledgertest.Origin, base64.StdEncoding.EncodeToString(empty[:])); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`insert into key (origin, key) values ($1, $2)`, ledgertest.Origin, vkey); err != nil {
		t.Fatal(err)
	}
	witnessKey, err := proof.NewCosignEd25519("lite.example", seed, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := proof.ParsePolicy(fmt.Appendf(nil, "log %s\nwitness lite %s http://%s/\nquorum lite\n", vkey, witnessKey.VerifierKey(), address))
	if err != nil {
		t.Fatal(err)
	}
	judge(t, d, config, policy, said)
}

// freeAddress returns an address of this machine at which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startWitness runs a program until the test ends, and returns what it said so far.
func startWitness(t *testing.T, address, program string, args ...string) func() string {
	t.Helper()
	said := &saying{}
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = said, said
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
	return said.String
}

// saying collects what a program says.
type saying struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *saying) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *saying) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
