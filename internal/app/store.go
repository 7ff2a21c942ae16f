package app

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"chaperone.example/internal/vault"
	"chaperone.example/ledger/proof"
	"golang.org/x/mod/sumdb/note"
)

// The files of a data folder. Keys are apart, so that a backup can leave them out.
const (
	ledgerFile  = "ledger.db"
	policyFile  = "policy.txt"
	sessionFile = "session.db"
	anchorFile  = "anchor"
	keysDir     = "keys"
	vaultDir    = "vault"
	pastDir     = "past" // the ledger as it stood: made when asked for, thrown away at the end
)

// signer makes the checkpoint key of the ledger from its seed, and its verifier
// key.
func signer(ctx context.Context, v *vault.Vault, origin string) (note.Signer, string, error) {
	seed, err := v.Seed(ctx, "checkpoint")
	if err != nil {
		return nil, "", err
	}
	key := ed25519.NewKeyFromSeed(seed)
	vkey, err := note.NewEd25519VerifierKey(origin, key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, "", fmt.Errorf("app: the name of the ledger, %q, cannot be that of a key: %w", origin, err)
	}
	const ed25519Algorithm = 1
	hash := strings.Split(vkey, "+")[1]
	skey := fmt.Sprintf("PRIVATE+KEY+%s+%s+%s", origin, hash, base64.StdEncoding.EncodeToString(append([]byte{ed25519Algorithm}, seed...)))
	s, err := note.NewSigner(skey)
	return s, vkey, err
}

// writePolicy puts the policy that trusts this ledger beside the data: by both keys, so
// that no bit of either signature can change unnoticed.
func writePolicy(dir, vkey, second string) ([]byte, error) {
	policy := proof.FormatPolicy(vkey, second)
	path := filepath.Join(dir, policyFile)
	have, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return policy, os.WriteFile(path, policy, 0o644)
	case err != nil:
		return nil, err
	}
	// The operator may have added witnesses; the log's own key must be there.
	if !strings.Contains(string(have), "log "+vkey) {
		return nil, fmt.Errorf("app: %s trusts another ledger's key: the data folder and its keys do not belong together", policyFile)
	}
	if strings.Contains(string(have), second) {
		return have, nil
	}
	have = []byte(strings.Replace(string(have), "log "+vkey+"\n", "log "+vkey+"\nlog "+second+"\n", 1))
	return have, os.WriteFile(path, have, 0o644)
}

// origin returns the name of the ledger in a data folder, which its policy says, or the
// default where there is none yet.
func origin(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, policyFile))
	if errors.Is(err, os.ErrNotExist) {
		return DefaultOrigin, nil
	}
	if err != nil {
		return "", err
	}
	policy, err := proof.ParsePolicy(text)
	if err != nil {
		return "", fmt.Errorf("app: %s: %w", policyFile, err)
	}
	return policy.Logs()[0], nil
}
