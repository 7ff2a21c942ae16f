// Package vault keeps what the ledger must not hold: personal details, credentials
// and the files that members contribute, each under a key whose destruction is the
// disposal (REL-3, SEC-1).
//
// Keys and data live apart. The folder of keys holds the root key and, wrapped
// under it, one key an organization and one key a subject; it never goes into an
// ordinary backup, or a restored backup would bring destroyed keys back. The
// folder of data holds only ciphertext.
//
// All cryptography is of the standard library and works under
// GODEBUG=fips140=only: AES-256-GCM, HKDF, HMAC with SHA-256.
package vault

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"chaperone.example/ledger"
)

//go:embed keys.sql
var keysSchema string

//go:embed data.sql
var dataSchema string

const keySize = 32

// A Vault seals and opens. It implements [ledger.Sealer].
type Vault struct {
	root    cipher.AEAD
	rootKey []byte
	keys    *sql.DB // wrapped keys, in the folder of keys
	data    *sql.DB // secrets, in the folder of data
	objects *os.Root
}

// Open opens the vault whose keys are in the folder keys and whose ciphertext is
// in the folder data; both are made if they do not exist.
func Open(ctx context.Context, keys, data string) (*Vault, error) {
	for _, dir := range []string{keys, data, filepath.Join(data, "objects")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("vault: %w", err)
		}
	}
	rootKey, err := rootKey(filepath.Join(keys, "root.key"))
	if err != nil {
		return nil, err
	}
	v := &Vault{rootKey: rootKey}
	if v.root, err = newAEAD(rootKey); err != nil {
		return nil, err
	}
	if v.keys, err = openDB(ctx, filepath.Join(keys, "keys.db"), keysSchema); err != nil {
		return nil, err
	}
	if v.data, err = openDB(ctx, filepath.Join(data, "vault.db"), dataSchema); err != nil {
		return nil, err
	}
	if v.objects, err = os.OpenRoot(filepath.Join(data, "objects")); err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	return v, nil
}

// Close closes the vault's files.
func (v *Vault) Close() error { return errors.Join(v.keys.Close(), v.data.Close(), v.objects.Close()) }

func openDB(ctx context.Context, path, schema string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=secure_delete(on)&_pragma=busy_timeout(10000)&_txlock=immediate")
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, fmt.Errorf("vault: %s: %w", filepath.Base(path), errors.Join(err, db.Close()))
	}
	return db, os.Chmod(path, 0o600)
}

// rootKey reads the root key, or makes it where there is none.
func rootKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		key = make([]byte, keySize)
		rand.Read(key)
		return key, writeNew(path, key)
	case err != nil:
		return nil, fmt.Errorf("vault: the root key: %w", err)
	case len(key) != keySize:
		return nil, fmt.Errorf("vault: %s has %d bytes; a root key has %d", filepath.Base(path), len(key), keySize)
	}
	return key, nil
}

// writeNew writes a file that did not exist and makes it durable before it counts.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Derive returns a key for one use, derived from the root key: "ledger tags" …
func (v *Vault) Derive(use string) ([]byte, error) {
	return hkdf.Key(sha256.New, v.rootKey, nil, "chaperone "+use+" v1", keySize)
}

// key returns the key named name, making it if create is set. A key that was
// destroyed is not made again.
func (v *Vault) key(ctx context.Context, name string, create bool) ([]byte, error) {
	var wrapped []byte
	err := v.keys.QueryRowContext(ctx, `select wrapped from key where name = $1`, name).Scan(&wrapped)
	switch {
	case errors.Is(err, sql.ErrNoRows) && create:
		return v.makeKey(ctx, name)
	case errors.Is(err, sql.ErrNoRows):
		return nil, ledger.ErrDisposed
	case err != nil:
		return nil, fmt.Errorf("vault: %w", err)
	case len(wrapped) == 0:
		return nil, ledger.ErrDisposed
	}
	key, err := v.root.Open(nil, nil, wrapped, []byte(name))
	if err != nil {
		return nil, fmt.Errorf("vault: a wrapped key does not open: it belongs to another root key, or was altered")
	}
	return key, nil
}

func (v *Vault) makeKey(ctx context.Context, name string) ([]byte, error) {
	key := make([]byte, keySize)
	rand.Read(key)
	res, err := v.keys.ExecContext(ctx, `insert into key (name, wrapped) values ($1, $2) on conflict do nothing`, name, v.root.Seal(nil, nil, key, []byte(name)))
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return v.key(ctx, name, false) // somebody else made it first
	}
	return key, nil
}

// Destroy destroys the key of a subject, and the secrets that are kept under it: what
// was sealed cannot be opened by anybody any more. It is final. When it returns without
// an error, neither database nor its write-ahead log holds a copy.
func (v *Vault) Destroy(ctx context.Context, subject string) error {
	return errors.Join(v.erase(ctx, v.keys, `insert into key (name, wrapped) values ($1, x'') on conflict (name) do update set wrapped = x''`, "subject/"+subject),
		v.erase(ctx, v.data, `delete from secret where subject = $1`, subject))
}

// erase overwrites what a statement deletes (secure_delete), and empties the write-ahead
// log, which holds pages from before. A reader may keep that from being emptied for a
// while.
func (v *Vault) erase(ctx context.Context, db *sql.DB, statement, name string) error {
	if _, err := db.ExecContext(ctx, statement, name); err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	const tries = 100
	for range tries {
		var busy, log, done int
		if err := db.QueryRowContext(ctx, `pragma wal_checkpoint(truncate)`).Scan(&busy, &log, &done); err != nil {
			return fmt.Errorf("vault: %w", err)
		}
		if busy == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return errors.New("vault: a key is destroyed, and a copy of it stays in the write-ahead log while somebody reads: try again")
}

// Seal implements [ledger.Sealer].
func (v *Vault) Seal(ctx context.Context, subject string, aad, plaintext []byte) ([]byte, error) {
	a, err := v.subject(ctx, subject, true)
	if err != nil {
		return nil, err
	}
	return a.Seal(nil, nil, plaintext, aad), nil
}

// Open implements [ledger.Sealer].
func (v *Vault) Open(ctx context.Context, subject string, aad, ciphertext []byte) ([]byte, error) {
	a, err := v.subject(ctx, subject, false)
	if err != nil {
		return nil, err
	}
	plain, err := a.Open(nil, nil, ciphertext, aad)
	if err != nil {
		return nil, errors.New("vault: a sealed detail does not open: it was altered")
	}
	return plain, nil
}

func (v *Vault) subject(ctx context.Context, subject string, create bool) (cipher.AEAD, error) {
	key, err := v.key(ctx, "subject/"+subject, create)
	if err != nil {
		return nil, err
	}
	return newAEAD(key)
}

// Put keeps a secret of a subject: a password hash, a TOTP seed. It replaces the
// secret of the same name.
func (v *Vault) Put(ctx context.Context, subject, name string, secret []byte) error {
	sealed, err := v.Seal(ctx, subject, []byte("secret "+name), secret)
	if err != nil {
		return err
	}
	_, err = v.data.ExecContext(ctx, `insert into secret (subject, name, sealed) values ($1, $2, $3) on conflict (subject, name) do update set sealed = excluded.sealed`, subject, name, sealed)
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	return nil
}

// Get returns a secret, or [ErrNone].
func (v *Vault) Get(ctx context.Context, subject, name string) ([]byte, error) {
	var sealed []byte
	err := v.data.QueryRowContext(ctx, `select sealed from secret where subject = $1 and name = $2`, subject, name).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, v.none(ctx, subject)
	}
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	return v.Open(ctx, subject, []byte("secret "+name), sealed)
}

// none says why there is no secret.
func (v *Vault) none(ctx context.Context, subject string) error {
	var destroyed int
	if err := v.keys.QueryRowContext(ctx, `select count(*) from key where name = $1 and wrapped = x''`, "subject/"+subject).Scan(&destroyed); err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	if destroyed > 0 {
		return ledger.ErrDisposed
	}
	return ErrNone
}

// ErrNone reports that there is no such secret.
var ErrNone = errors.New("vault: no such secret")

// Seed returns 32 random bytes kept under a name, making them at first use: the
// seed of a signing key.
func (v *Vault) Seed(ctx context.Context, name string) ([]byte, error) {
	return v.key(ctx, "seed/"+name, true)
}
