package release

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"chaperone.example/internal/vault"
)

// A Register implements [Index] with objects of the vault: an index object is the
// sorted digests of the patients in one release. Without the organization's key it
// says nothing, not even whether two releases share a patient.
type Register struct{ Vault *vault.Vault }

const digestSize = sha256.Size

// Patient implements [Index].
func (g Register) Patient(ctx context.Context, org, identifier string) ([]byte, error) {
	return g.Vault.Mac(ctx, org, "patient index", []byte(strings.TrimSpace(identifier)))
}

// Has implements [Index].
func (g Register) Has(ctx context.Context, org, object string, digest []byte) (bool, error) {
	f, err := g.Vault.Read(ctx, org, object)
	if err != nil {
		return false, err
	}
	defer f.Close()
	all, err := io.ReadAll(f)
	if err != nil {
		return false, err
	}
	if len(all)%digestSize != 0 {
		return false, errors.New("release: an index of patients is not whole")
	}
	n := len(all) / digestSize
	lo, hi := 0, n
	for lo < hi {
		mid := (lo + hi) / 2
		switch bytes.Compare(all[mid*digestSize:(mid+1)*digestSize], digest) {
		case 0:
			return true, nil
		case -1:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return false, nil
}

// write keeps the digests of identifiers as an object and returns its id.
func (g Register) write(ctx context.Context, org string, identifiers map[string]bool) (string, error) {
	digests := make([][]byte, 0, len(identifiers))
	for id := range identifiers {
		d, err := g.Patient(ctx, org, id)
		if err != nil {
			return "", err
		}
		digests = append(digests, d)
	}
	slices.SortFunc(digests, bytes.Compare)
	w, err := g.Vault.Create(ctx, org)
	if err != nil {
		return "", err
	}
	for _, d := range digests {
		if _, err := w.Write(d); err != nil {
			w.Abort()
			return "", fmt.Errorf("release: %w", err)
		}
	}
	return w.ID, w.Commit()
}
