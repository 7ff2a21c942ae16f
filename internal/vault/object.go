package vault

import (
	"bufio"
	"bytes"
	"context"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"
	"time"
)

// An object file is a header and sealed chunks. The header is the magic, the id of
// the object and its own key wrapped under the key of the organization; each chunk
// of 64 KiB is sealed by AES-256-GCM under a random nonce, with its index and
// whether it is the last as additional data, so that chunks cannot be dropped,
// repeated, reordered or cut off.
const (
	magic     = "chaperone object v1\n"
	chunkSize = 64 << 10
	overhead  = 12 + 16 // nonce and tag
)

// part ends the name of an object that is being written.
const part = ".part"

var ids = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewID returns a random name of 26 letters and digits that says nothing.
func NewID() string {
	b := make([]byte, 16)
	rand.Read(b)
	return ids.EncodeToString(b)
}

// A Writer seals an object as it is written. Nothing exists under its id before
// Commit returns; Abort leaves nothing behind.
type Writer struct {
	ID   string
	v    *Vault
	file *os.File
	aead cipher.AEAD
	buf  []byte
	n    uint64
	sum  hash.Hash
	size int64
	err  error
}

// Create begins an object of an organization, sealed under the organization's key.
func (v *Vault) Create(ctx context.Context, org string) (*Writer, error) {
	key, err := v.key(ctx, "org/"+org, true)
	if err != nil {
		return nil, err
	}
	kek, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	w := &Writer{ID: NewID(), v: v, sum: sha256.New()}
	dek := make([]byte, keySize)
	rand.Read(dek)
	if w.aead, err = newAEAD(dek); err != nil {
		return nil, err
	}
	if w.file, err = v.objects.OpenFile(w.ID+part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	wrapped := kek.Seal(nil, nil, dek, []byte("object "+org+" "+w.ID))
	if _, err := w.file.Write(append([]byte(magic), wrapped...)); err != nil {
		w.Abort()
		return nil, fmt.Errorf("vault: %w", err)
	}
	return w, nil
}

// wrappedSize is a wrapped key: nonce, key, tag.
const wrappedSize = keySize + overhead

// Write implements io.Writer.
func (w *Writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.sum.Write(p)
	w.size += int64(len(p))
	for rest := p; len(rest) > 0; {
		if len(w.buf) == chunkSize { // a full chunk is sealed only when another follows
			if w.err = w.flush(false); w.err != nil {
				return 0, w.err
			}
		}
		n := min(chunkSize-len(w.buf), len(rest))
		w.buf, rest = append(w.buf, rest[:n]...), rest[n:]
	}
	return len(p), nil
}

func (w *Writer) flush(last bool) error {
	sealed := w.aead.Seal(nil, nil, w.buf, place(w.n, last))
	w.n++
	w.buf = w.buf[:0]
	if _, err := w.file.Write(sealed); err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	return nil
}

// place is the additional data of a chunk.
func place(n uint64, last bool) []byte {
	b := binary.BigEndian.AppendUint64(nil, n)
	if last {
		return append(b, 1)
	}
	return append(b, 0)
}

// Commit makes the object durable under its id.
func (w *Writer) Commit() error {
	if w.err == nil {
		w.err = w.flush(true)
	}
	if w.err == nil {
		w.err = w.file.Sync()
	}
	if w.err != nil {
		w.Abort()
		return w.err
	}
	if err := w.file.Close(); err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	if err := w.v.objects.Rename(w.ID+part, w.ID); err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	dir, err := w.v.objects.Open(".")
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Abort removes what was written. It does nothing after Commit.
func (w *Writer) Abort() {
	if w.file != nil {
		w.file.Close()
		w.v.objects.Remove(w.ID + ".part")
	}
}

// Size returns the number of plain bytes written.
func (w *Writer) Size() int64 { return w.size }

// Sum returns the SHA-256 of the plain bytes written.
func (w *Writer) Sum() []byte { return w.sum.Sum(nil) }

// Read opens an object of an organization. Reading fails at the first chunk that
// is not what was written.
func (v *Vault) Read(ctx context.Context, org, id string) (io.ReadCloser, error) {
	if strings.ContainsAny(id, "./\\") || id == "" {
		return nil, errors.New("vault: not the id of an object")
	}
	key, err := v.key(ctx, "org/"+org, false)
	if err != nil {
		return nil, err
	}
	kek, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	f, err := v.objects.Open(id)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	r := &reader{file: f, in: bufio.NewReaderSize(f, chunkSize+overhead)}
	head := make([]byte, len(magic)+wrappedSize)
	if _, err := io.ReadFull(r.in, head); err != nil || !bytes.HasPrefix(head, []byte(magic)) {
		return nil, errors.Join(errors.New("vault: not an object file"), f.Close())
	}
	dek, err := kek.Open(nil, nil, head[len(magic):], []byte("object "+org+" "+id))
	if err != nil {
		return nil, errors.Join(errors.New("vault: the object is another organization's, or was altered"), f.Close())
	}
	if r.aead, err = newAEAD(dek); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

type reader struct {
	file  *os.File
	in    *bufio.Reader
	aead  cipher.AEAD
	plain []byte
	n     uint64
	done  bool
}

func (r *reader) Close() error { return r.file.Close() }

func (r *reader) Read(p []byte) (int, error) {
	for len(r.plain) == 0 {
		if r.done {
			return 0, io.EOF
		}
		if err := r.chunk(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.plain)
	r.plain = r.plain[n:]
	return n, nil
}

func (r *reader) chunk() error {
	sealed := make([]byte, chunkSize+overhead)
	n, err := io.ReadFull(r.in, sealed)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("vault: the object is cut off")
	}
	_, err = r.in.Peek(1)
	r.done = errors.Is(err, io.EOF)
	r.plain, err = r.aead.Open(nil, nil, sealed[:n], place(r.n, r.done))
	if err != nil {
		return errors.New("vault: the object was altered or cut off")
	}
	r.n++
	return nil
}

// Delete removes an object; it is no error if there is none.
func (v *Vault) Delete(id string) error {
	if err := v.objects.Remove(id); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("vault: %w", err)
	}
	return nil
}

// Has reports whether there is an object of that id.
func (v *Vault) Has(id string) (bool, error) {
	switch _, err := v.objects.Stat(id); {
	case errors.Is(err, os.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("vault: %w", err)
	}
	return true, nil
}

// Objects returns the ids of the objects that were written last before a moment. Those
// that were never finished are among them, by the id that they would have had.
func (v *Vault) Objects(before time.Time) ([]string, error) {
	dir, err := v.objects.Open(".")
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	defer dir.Close()
	var old []string
	for {
		entries, err := dir.ReadDir(1000)
		for _, e := range entries {
			info, err := e.Info()
			if errors.Is(err, os.ErrNotExist) {
				continue // deleted meanwhile
			}
			if err != nil {
				return nil, fmt.Errorf("vault: %w", err)
			}
			if e.Type().IsRegular() && info.ModTime().Before(before) {
				old = append(old, strings.TrimSuffix(e.Name(), part))
			}
		}
		if errors.Is(err, io.EOF) {
			return old, nil
		}
		if err != nil {
			return nil, fmt.Errorf("vault: %w", err)
		}
	}
}

// Drop removes an object that nothing refers to, finished or not.
func (v *Vault) Drop(id string) error {
	return errors.Join(v.Delete(id), v.Delete(id+part))
}

// Mac returns a keyed digest of data under a key derived from the key of an
// organization for one use: who does not hold the key can neither make nor guess
// it.
func (v *Vault) Mac(ctx context.Context, org, use string, data []byte) ([]byte, error) {
	key, err := v.Key(ctx, org, use)
	if err != nil {
		return nil, err
	}
	h := hmac.New(sha256.New, key)
	h.Write(data)
	return h.Sum(nil), nil
}

// Key derives a key for one use from the key of an organization.
func (v *Vault) Key(ctx context.Context, org, use string) ([]byte, error) {
	key, err := v.key(ctx, "org/"+org, true)
	if err != nil {
		return nil, err
	}
	return hkdf.Key(sha256.New, key, nil, "chaperone "+use+" v1", keySize)
}

// A Coder gives out the random codes of one space (a release, a recipient): 45 CFR
// 164.514(c) wants a code that is not derived from information about the
// individual. Only a keyed digest of the original is kept, and nothing before
// Commit.
type Coder struct {
	ctx   context.Context
	tx    *sql.Tx
	space string
	mac   hash.Hash
	codes map[[sha256.Size]byte][CodeSize]byte
}

// CodeSize is the size of a code in bytes.
const CodeSize = 16

// Coder begins to give out codes of an organization's space.
func (v *Vault) Coder(ctx context.Context, org, space string) (*Coder, error) {
	key, err := v.Key(ctx, org, "code "+space)
	if err != nil {
		return nil, err
	}
	tx, err := v.data.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	return &Coder{ctx, tx, org + "/" + space, hmac.New(sha256.New, key), map[[sha256.Size]byte][CodeSize]byte{}}, nil
}

// Code returns the code that stands for original, making it at first use.
func (c *Coder) Code(original []byte) ([CodeSize]byte, error) {
	c.mac.Reset()
	c.mac.Write(original)
	digest := [sha256.Size]byte(c.mac.Sum(nil))
	if code, ok := c.codes[digest]; ok {
		return code, nil
	}
	var code [CodeSize]byte
	rand.Read(code[:])
	if _, err := c.tx.ExecContext(c.ctx, `insert into code (space, original, code) values ($1, $2, $3) on conflict do nothing`, c.space, digest[:], code[:]); err != nil {
		return code, fmt.Errorf("vault: %w", err)
	}
	var kept []byte
	if err := c.tx.QueryRowContext(c.ctx, `select code from code where space = $1 and original = $2`, c.space, digest[:]).Scan(&kept); err != nil {
		return code, fmt.Errorf("vault: %w", err)
	}
	if copy(code[:], kept) != CodeSize {
		return code, errors.New("vault: a code is not whole")
	}
	c.codes[digest] = code
	return code, nil
}

// Commit keeps the codes that were given out.
func (c *Coder) Commit() error { return c.tx.Commit() }

// Abort forgets them. It does nothing after Commit.
func (c *Coder) Abort() { c.tx.Rollback() }
