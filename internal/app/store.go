package app

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"chaperone.example/internal/vault"
	"chaperone.example/ledger/proof"
	"golang.org/x/mod/sumdb/note"
	_ "modernc.org/sqlite" // the embedded database
)

// The files of a data folder. Keys are apart, so that a backup can leave them out.
const (
	ledgerFile  = "ledger.db"
	policyFile  = "policy.txt"
	sessionFile = "session.db"
	anchorFile  = "anchor"
	keysDir     = "keys"
	vaultDir    = "vault"
)

// openDB opens the embedded database for the ledger and its views. Every commit is
// durable before it is acknowledged (WAL, synchronous=FULL).
func openDB(ctx context.Context, path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=secure_delete(on)&_pragma=busy_timeout(10000)&_pragma=foreign_keys(on)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	var version string
	if err := db.QueryRowContext(ctx, `select sqlite_version()`).Scan(&version); err != nil {
		return nil, errors.Join(fmt.Errorf("app: %s: %w", filepath.Base(path), err), db.Close())
	}
	if !soundSQLite(version) {
		return nil, errors.Join(fmt.Errorf("app: SQLite %s may corrupt a write-ahead log: this program needs 3.51.3, or 3.53.0 and later", version), db.Close())
	}
	return db, nil
}

// soundSQLite refuses the releases that may corrupt a database when its WAL is
// reset: those before 3.51.3, and 3.52.0, which was withdrawn.
func soundSQLite(version string) bool {
	var major, minor, patch int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return false
	}
	v := major*1_000_000 + minor*1_000 + patch
	return v >= 3_051_003 && v != 3_052_000
}

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

// writePolicy puts the policy that trusts this ledger beside the data.
func writePolicy(dir, vkey string) ([]byte, error) {
	policy := proof.FormatPolicy(vkey)
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
	return have, nil
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
