package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"chaperone.example/internal/dataset/intake"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/vault"
	"chaperone.example/ledger"
)

// A Store is the inventory together with the files themselves.
type Store struct {
	Desk  *ledger.Desk
	Vault *vault.Vault
	// Repositories are where the operator allows data to be stored; the first is the
	// vault of this hub.
	Repositories []Repository
	// MaxBytes is the largest file that is received; zero means [MaxBytes].
	MaxBytes int64
}

// MaxBytes is the largest file that is received unless the store says otherwise.
const MaxBytes = 4 << 30

// Limit returns the largest file that is received, in bytes.
func (s *Store) Limit() int64 {
	if s.MaxBytes > 0 {
		return s.MaxBytes
	}
	return MaxBytes
}

// NewID returns the id of a new dataset. With a key it is always the same for one
// actor, so that a registration that is sent twice is one dataset.
func NewID(a ledger.Actor, key string) string {
	if key == "" {
		return "d-" + vault.NewID()
	}
	sum := sha256.Sum256([]byte("dataset\x00" + a.ID + "\x00" + key))
	return "d-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:26]
}

// Register enters a dataset named id into the inventory of the actor's organization.
// What the operator approved is filled in.
func (s *Store) Register(ctx context.Context, a ledger.Actor, id string, c Register) (ledger.Receipt, error) {
	c.Approved = s.Repositories
	return ledger.Do(ctx, s.Desk, a, Kind, id, c)
}

// Receive reads a file to its end, checks it while it is sealed under the key of the
// organization, and records it as the next version of a dataset: all of it, or
// nothing. The error is an [*intake.Refusal] when the file is at fault, another fault
// when the dataset takes none, and what from returned when it could not be read.
func (s *Store) Receive(ctx context.Context, a ledger.Actor, id string, from io.Reader) (ledger.Receipt, error) {
	h, err := ledger.Ask(ctx, s.Desk, a, receivable{id})
	if err != nil {
		return ledger.Receipt{}, err
	}
	w, err := s.Vault.Create(ctx, h.Owner)
	if err != nil {
		return ledger.Receipt{}, err
	}
	defer func() { w.Abort() }() // no effect after Commit
	in := &limited{ctx: ctx, r: from, left: s.Limit(), limit: s.Limit()}
	found, err := intake.Check(io.TeeReader(in, w), h.Format, intake.Rules{NoIdentifiers: h.Environment != Production})
	if err != nil {
		return ledger.Receipt{}, err
	}
	if err := w.Commit(); err != nil {
		return ledger.Receipt{}, err
	}
	c := Receive{Object: w.ID, SHA256: hex.EncodeToString(w.Sum()), Bytes: w.Size(), Finding: found}
	receipt, err := ledger.Do(ctx, s.Desk, a, Kind, id, c)
	// A fault and a repetition record nothing, so nothing is kept. After any other
	// error the outcome may be unknown, and a sealed file too many is better than a
	// record without its file.
	if _, _, refused := fault.Of(err); refused || receipt.Repeated {
		err = errors.Join(err, s.Vault.Delete(w.ID))
	}
	return receipt, err
}

// limited stops reading at the limit and when the caller has gone.
type limited struct {
	ctx         context.Context
	r           io.Reader
	left, limit int64
}

func (l *limited) Read(p []byte) (int, error) {
	if err := l.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, fault.New(fault.Invalid, "the file is larger than the %d MiB that one dataset may have; split it by month and register the parts", l.limit>>20)
	}
	return n, err
}

// Open returns the plain data of the current version of a dataset of the actor's
// organization, and what is known of it. The opening is on record before the first
// byte is read; the actor's Reason says for which work item. The caller closes the
// data. Reading fails at the first part that is not what was received.
func (s *Store) Open(ctx context.Context, a ledger.Actor, id string) (io.ReadCloser, Facts, error) {
	f, err := ledger.Ask(ctx, s.Desk, a, Use{id})
	if err != nil {
		return nil, Facts{}, err
	}
	data, err := s.Vault.Read(ctx, f.Owner, f.Object)
	if err != nil {
		return nil, Facts{}, fmt.Errorf("dataset: open %s: %w", id, err)
	}
	return data, f, nil
}
