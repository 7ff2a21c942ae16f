package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"chaperone.example/internal/app/status"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/vault"
	"chaperone.example/ledger/proof"
	"chaperone.example/ledger/witness"
)

// patience is how long a witness may take to answer.
const patience = 5 * time.Second

// A watch has the heads of the ledger cosigned by the witnesses of the policy, and
// remembers what each said last.
type watch struct {
	witness.Collector
	now func() time.Time

	mu   sync.Mutex
	said map[string]status.Witness
}

func newWatch(a *App, policy *proof.Policy) *watch {
	w := &watch{now: a.now, said: map[string]status.Witness{}}
	// An address is that of the policy and no other: nobody is sent elsewhere.
	client := &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	w.Collector = witness.Collector{Log: a.Log, Policy: policy, Client: client, Report: func(name string, err error) {
		if first := w.note(name, err); first && err != nil {
			a.site.Log.Error("a witness does not cosign", "witness", name, "err", err)
		}
	}}
	return w
}

// note remembers what a witness said, and reports whether it said something else before.
func (w *watch) note(name string, err error) (news bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.said[name]
	why := ""
	if err != nil {
		why = err.Error()
	}
	news = why != s.Trouble
	s.Trouble, s.Asked = why, w.now().UTC()
	var r *witness.Refusal
	s.Alarm = errors.As(err, &r) && r.Rewritten()
	if err == nil {
		s.Size, s.Cosigned = w.Size(name), s.Asked
	}
	w.said[name] = s
	return news
}

// witnesses returns what each witness of the policy said last, in the order of the
// policy.
func (w *watch) witnesses() []status.Witness {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []status.Witness
	for _, x := range w.Policy.Witnesses() {
		s := w.said[x.Name]
		s.Name, s.Key, s.Watched = x.Name, x.Key.Name(), x.URL != ""
		out = append(out, s)
	}
	return out
}

// compare refuses a database that is behind what a witness saw.
func (w *watch) compare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	err := w.Compare(ctx)
	var behind *witness.Behind
	if errors.As(err, &behind) {
		return fault.New(fault.Refused, "%s. If it is the witness that errs, take its line out of %s", strings.TrimPrefix(behind.Error(), "ledger: "), policyFile)
	}
	return err
}

// secondKey makes the ML-DSA-44 key of the ledger, whose signature stands in every
// checkpoint beside that by Ed25519: a quantum computer does not forge it.
func secondKey(ctx context.Context, v *vault.Vault, origin string, now func() time.Time) (*proof.CosignKey, error) {
	seed, err := v.Seed(ctx, "checkpoint ml-dsa-44")
	if err != nil {
		return nil, err
	}
	return proof.NewMLDSA44(origin, seed, now)
}

// quantumFile is the policy that asks for the second signature as well, where the
// ordinary one is content with either.
const quantumFile = "policy-post-quantum.txt"

// writeQuantum puts it beside the policy that it is made from.
func writeQuantum(dir string, policy []byte, vkey string) error {
	text, err := quantumPolicy(policy, vkey)
	if err != nil {
		return fmt.Errorf("app: %s: %w", quantumFile, err)
	}
	path := filepath.Join(dir, quantumFile)
	if have, err := os.ReadFile(path); err == nil && string(have) == string(text) {
		return nil
	}
	return os.WriteFile(path, text, 0o644)
}

// quantumPolicy returns the policy that wants, beside what a policy wants, the signature
// by the ledger's second key.
func quantumPolicy(policy []byte, vkey string) ([]byte, error) {
	const name, both = "ledger-ml-dsa-44", "and-ledger-ml-dsa-44"
	var b strings.Builder
	quorum := "none"
	for line := range strings.Lines(string(policy)) {
		f := strings.Fields(line)
		if len(f) == 2 && f[0] == "quorum" {
			quorum = f[1]
			continue
		}
		if len(f) >= 2 && f[0] == "log" && f[1] == vkey {
			continue // it is asked for as a witness is
		}
		b.WriteString(strings.TrimRight(line, "\n") + "\n")
	}
	fmt.Fprintf(&b, "witness %s %s\n", name, vkey)
	if quorum == "none" {
		fmt.Fprintf(&b, "quorum %s\n", name)
	} else {
		fmt.Fprintf(&b, "group %s all %s %s\nquorum %[1]s\n", both, quorum, name)
	}
	_, err := proof.ParsePolicy([]byte(b.String()))
	return []byte(b.String()), err
}
