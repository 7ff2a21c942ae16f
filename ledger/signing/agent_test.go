package signing

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"chaperone.example/ledger/proof"
	"golang.org/x/crypto/ssh"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// agentWith runs a real ssh-agent with a fresh key and returns its socket, the public
// key and what stops the agent.
func agentWith(t *testing.T, typ string) (socket string, pub []byte, stop func()) {
	t.Helper()
	for _, tool := range []string{"ssh-agent", "ssh-add", "ssh-keygen"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CHAPERONE_REQUIRE_ALL") == "1" {
				t.Fatalf("%s is not installed, and nothing may be skipped", tool)
			}
			t.Skipf("skipped: %s is not installed (openssh-client)", tool)
		}
	}
	dir, err := os.MkdirTemp("", "agent") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket, key := filepath.Join(dir, "s"), filepath.Join(dir, "k")
	run := func(name string, args ...string) {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	run("ssh-keygen", "-q", "-t", typ, "-N", "", "-C", "a ledger", "-f", key)
	srv := exec.Command("ssh-agent", "-D", "-a", socket)
	if err := srv.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() { srv.Process.Kill(); srv.Wait() }
	t.Cleanup(stop)
	for range 200 {
		if _, err := os.Stat(socket); err == nil {
			break
		}
		exec.Command("sleep", "0.05").Run()
	}
	run("ssh-add", "-q", key)
	if pub, err = os.ReadFile(key + ".pub"); err != nil {
		t.Fatal(err)
	}
	return socket, pub, stop
}

func public(t *testing.T, line []byte) ssh.PublicKey {
	t.Helper()
	key, err := ParsePublic(line)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// LED-1: a checkpoint that a real ssh-agent signed opens by a policy that names the
// key; an agent that stopped, or holds another key, is an error that says what to do.
func TestAgentSigns(t *testing.T) {
	const origin = "ledger.test/agent"
	socket, pub, stop := agentWith(t, "ed25519")
	a, err := NewAgent(origin, socket, public(t, pub))
	if err != nil {
		t.Fatal(err)
	}
	root, err := tlog.TreeHash(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := proof.Checkpoint{Origin: origin, Tree: tlog.Tree{Hash: root}}
	signed, err := note.Sign(&note.Note{Text: c.String()}, a)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := proof.ParsePolicy(proof.FormatPolicy(a.VerifierKey()))
	if err != nil {
		t.Fatal(err)
	}
	if s, err := policy.Open(signed); err != nil || s.Checkpoint != c {
		t.Errorf("%+v, %v", s, err)
	}

	other, otherPub, _ := agentWith(t, "ed25519")
	if _, err := NewAgent(origin, other, public(t, pub)); err == nil || !strings.Contains(err.Error(), "ssh-add") {
		t.Errorf("an agent without the key: %v", err)
	}
	if b, err := NewAgent(origin, other, public(t, otherPub)); err != nil || b.KeyHash() == a.KeyHash() {
		t.Errorf("another key: %v", err)
	}
	if _, err := NewAgent("two words", socket, public(t, pub)); err == nil {
		t.Error("a name with a space was taken")
	}
	stop()
	if _, err := a.Sign([]byte("x")); err == nil || !strings.Contains(err.Error(), "SSH_AUTH_SOCK") {
		t.Errorf("an agent that stopped: %v", err)
	}
	if _, err := NewAgent(origin, "", public(t, pub)); err == nil || !strings.Contains(err.Error(), "SSH_AUTH_SOCK") {
		t.Errorf("no agent: %v", err)
	}
}

func TestOnlyEd25519(t *testing.T) {
	_, pub, _ := agentWith(t, "ecdsa")
	if _, err := ParsePublic(pub); err == nil || !strings.Contains(err.Error(), "ed25519") {
		t.Errorf("%v", err)
	}
}

func FuzzParsePublic(f *testing.F) {
	f.Add([]byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2u8pB9G0PjE4oM1WJq8wqV9Q2b3m1r2y0d6mZ1x2yq a ledger\n"))
	f.Add([]byte("ssh-ed25519 AAAA"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, line []byte) {
		if key, err := ParsePublic(line); err == nil && key.Type() != ssh.KeyAlgoED25519 {
			t.Errorf("a key of type %s", key.Type())
		}
	})
}
