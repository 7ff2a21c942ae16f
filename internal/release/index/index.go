// Package index tells whether a patient is in a release, for the accounting of
// disclosures (45 CFR 164.528), without saying so to anybody who lacks the
// organization's key.
package index

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"chaperone.example/internal/vault"
)

// A Register keeps indexes as objects of the vault: an index is the sorted digests of
// the identifiers of the patients in one release. Without the organization's key it says
// nothing, not even whether two releases share a patient.
type Register struct{ Vault *vault.Vault }

const digestSize = sha256.Size

// Patient returns the keyed digest of a patient's identifier in an organization's
// records.
func (g Register) Patient(ctx context.Context, org, identifier string) ([]byte, error) {
	key, err := g.Vault.Key(ctx, org, "patient index")
	return digest(key, identifier), err
}

func digest(key []byte, identifier string) []byte {
	h := hmac.New(sha256.New, key)
	io.WriteString(h, strings.TrimSpace(identifier))
	return h.Sum(nil)
}

// Has reports whether an index of an organization holds a digest. It reads no further
// than where the digest would stand.
func (g Register) Has(ctx context.Context, org, object string, patient []byte) (bool, error) {
	f, err := g.Vault.Read(ctx, org, object)
	if err != nil {
		return false, err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 64<<10)
	var d [digestSize]byte
	for {
		switch _, err := io.ReadFull(in, d[:]); {
		case err == io.EOF:
			return false, nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return false, errors.New("release: an index of patients is not whole")
		case err != nil:
			return false, err
		}
		if c := bytes.Compare(d[:], patient); c >= 0 {
			return c == 0, nil
		}
	}
}

// Write keeps the digests of identifiers as an object and returns its id.
func (g Register) Write(ctx context.Context, org string, identifiers []string) (id string, err error) {
	key, err := g.Vault.Key(ctx, org, "patient index")
	if err != nil {
		return "", err
	}
	digests := make([][]byte, 0, len(identifiers))
	for _, identifier := range identifiers {
		digests = append(digests, digest(key, identifier))
	}
	slices.SortFunc(digests, bytes.Compare)
	w, err := g.Vault.Create(ctx, org)
	if err != nil {
		return "", err
	}
	defer func() { w.Abort() }() // nothing after Commit
	for _, d := range digests {
		if _, err := w.Write(d); err != nil {
			return "", fmt.Errorf("release: %w", err)
		}
	}
	return w.ID, w.Commit()
}
